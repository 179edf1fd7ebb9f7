"""Ways to name a page by an argument, one for each module, which ends with its `TOKEN`."""
