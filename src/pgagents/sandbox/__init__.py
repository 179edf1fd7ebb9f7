"""A running server made from a catalogue, with faults and variations to switch on."""
