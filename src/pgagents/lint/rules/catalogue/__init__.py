"""Rules about what every model needs of a catalogue."""
