"""Two editions of an OpenAPI 3.0 or 3.1 document compared as documents, with their own lines and names."""
