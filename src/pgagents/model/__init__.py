"""The values that everything else reads: the catalogue resolved, its actions, and what can be proved of them."""
