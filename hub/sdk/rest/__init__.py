"""Connectors that are declared: what a plain REST system needs to be told stands in manifest.toml (tables.py)."""
