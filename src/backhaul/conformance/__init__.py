"""The conformance kit: runs a definition against its simulator or a real account, and says what works, by points."""
