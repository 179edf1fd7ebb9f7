"""Rules about a catalogue, found by their path: `gemini/long_name.py` is `gemini/long-name`."""
