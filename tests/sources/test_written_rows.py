"""stub"""
WRITING = {"hubspot": (), "salesforce": (), "netsuite": ()}
