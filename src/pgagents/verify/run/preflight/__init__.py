"""Finds obstacles before a run begins, by a few reads: no server, another one, a refused key."""
