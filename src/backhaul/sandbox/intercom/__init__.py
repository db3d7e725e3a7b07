"""A simulator of Intercom."""
