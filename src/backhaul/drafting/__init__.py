"""Drafts a source's definition: what an OpenAPI document tells, what was guessed, and what a person must look at."""
