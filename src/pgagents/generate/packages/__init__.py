"""Files that bundle several generated documents, one module a vendor; `build --package` writes them."""
