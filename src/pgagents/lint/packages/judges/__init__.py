"""The judges of packages, one module for each store or host."""
