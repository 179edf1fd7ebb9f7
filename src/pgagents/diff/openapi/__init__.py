"""Compares two editions of an OpenAPI 3.0 or 3.1 document, with their own lines and names."""
