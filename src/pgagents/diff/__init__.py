"""Compare two editions of a catalogue: what changes, for whom, and whether it breaks them."""
