"""Read request bodies: one module for each kind, and the pairs of queries and forms."""
