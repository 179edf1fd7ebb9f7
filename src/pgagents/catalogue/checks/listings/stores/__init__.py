"""The stores that list plugins, one module each: which texts a store takes, and its limits."""
