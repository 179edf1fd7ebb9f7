"""Parts of the self-test: the order of its steps, its results, its progress, and runs without a catalogue."""
