"""Two editions of a catalogue compared: what changes for whom, and how much."""
