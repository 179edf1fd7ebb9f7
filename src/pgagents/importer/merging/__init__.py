"""A later edition of a document merged into a catalogue that its author has edited."""
