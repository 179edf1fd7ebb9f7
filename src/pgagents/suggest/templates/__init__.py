"""Templates of laws, one family in each module. Its function `propose` yields candidates for a table."""
