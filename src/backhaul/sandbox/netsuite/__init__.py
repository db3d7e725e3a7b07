"""NetSuite, as strict as it is: token-based auth, SuiteQL, the metadata catalog, the record service."""
