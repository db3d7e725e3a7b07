"""A simulator of Sage Intacct's XML gateway."""
