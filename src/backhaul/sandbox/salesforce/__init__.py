"""The Salesforce simulator: OAuth, REST, SOQL, collections and Bulk 2.0 over one made-up org."""
