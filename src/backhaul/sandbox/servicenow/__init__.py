"""A simulator of ServiceNow: the Table API, the Batch API, OAuth."""
