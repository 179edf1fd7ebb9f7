"""Ways to name a page by an argument: one module for each, found by its path."""
