"""The Lending Desk API of tests/catalogues/library.md as a FastAPI application."""
