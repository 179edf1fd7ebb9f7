"""Rewrite the catalogue's schemas in a vendor's dialect, and list what the dialect cannot express."""
