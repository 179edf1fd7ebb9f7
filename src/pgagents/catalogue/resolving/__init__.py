"""The parts of a catalogue are resolved: one module for each kind of part."""
