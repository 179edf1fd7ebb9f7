"""Packages of several generated documents, one module per vendor; `build --package` writes them."""
