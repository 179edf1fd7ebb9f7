"""A running server made from a catalogue."""
