"""Templates of laws: one family a module, with a function `propose` that yields candidates of a table."""
