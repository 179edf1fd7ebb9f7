"""Write proposals as YAML to paste into a catalogue."""
