"""The calls that a relation compares, and the comparison of their answers."""
