"""A simulator of Zendesk Support."""
