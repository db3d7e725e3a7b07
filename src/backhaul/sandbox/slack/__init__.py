"""A simulator of Slack."""
