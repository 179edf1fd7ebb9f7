"""Find in a catalogue, or in a finished document, what vendors refuse and models misread."""
