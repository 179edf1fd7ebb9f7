"""What pydantic cannot see in a catalogue: references, paths, expressions, examples, keys without effect."""
