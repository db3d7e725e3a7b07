"""A simulator of Pipedrive."""
