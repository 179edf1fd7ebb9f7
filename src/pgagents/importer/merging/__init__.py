"""Merge a later edition of a document into a catalogue that its author has edited."""
