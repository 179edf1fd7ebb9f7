"""A running server made from a catalogue, in which faults and variations can be switched on."""
