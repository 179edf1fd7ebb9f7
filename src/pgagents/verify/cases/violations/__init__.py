"""Values that break a keyword, and the calls that carry them."""
