"""Compare the parts of a catalogue besides actions and keys, with one module for each kind of part."""
