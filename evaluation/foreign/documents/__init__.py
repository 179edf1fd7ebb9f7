"""The Paperdeck API of tests/catalogues/documents.md as an Express application."""
