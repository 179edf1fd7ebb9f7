"""Infer facts that a document does not state, from names and paths. Each inference names its source."""
