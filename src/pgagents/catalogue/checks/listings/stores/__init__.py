"""The stores that list plugins, one module each: the texts that a store shows, and its limits."""
