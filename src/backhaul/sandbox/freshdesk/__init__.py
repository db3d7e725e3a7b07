"""Freshdesk: one help desk, its tickets, contacts and companies, and the custom objects that it made."""
