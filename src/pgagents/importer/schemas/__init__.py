"""Convert the schemas of a document into those of a catalogue."""
