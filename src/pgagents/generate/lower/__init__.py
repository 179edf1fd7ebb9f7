"""Translate the catalogue's schemas into vendors' dialects, and list what these cannot express."""
