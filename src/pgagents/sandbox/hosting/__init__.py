"""Serves the sandbox's pages, and the generated documents that the API hosts."""
