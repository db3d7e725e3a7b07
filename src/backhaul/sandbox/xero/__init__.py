"""A simulator of Xero's Accounting API."""
