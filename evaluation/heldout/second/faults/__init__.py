"""One held-out fault a file."""
