"""The checker in parts: problems and references, expressions."""
