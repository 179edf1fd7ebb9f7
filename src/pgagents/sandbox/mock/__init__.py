"""A domain made from a catalogue alone."""
