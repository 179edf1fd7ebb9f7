"""Checks of the documents and links by which a host advertises itself to agents."""
