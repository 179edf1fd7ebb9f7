"""One way to name a page by an argument a module; each ends with its `TOKEN`."""
