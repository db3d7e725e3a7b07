"""A simulator of QuickBooks Online's Accounting API."""
