"""The checker in parts: faults and references, expressions."""
