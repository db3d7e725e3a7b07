"""YAML files to frozen models; every problem at once, with its place and a suggestion."""
