"""Infers from names and paths what a document does not say; each part says what it was inferred from."""
