"""Resolve the parts of a catalogue, with one module for each kind of part."""
