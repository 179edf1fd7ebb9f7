"""The parts of a catalogue beside its actions and keys are compared: one module for each kind of part."""
