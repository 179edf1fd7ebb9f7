"""One judge of function lists a module: what one vendor objects to."""
