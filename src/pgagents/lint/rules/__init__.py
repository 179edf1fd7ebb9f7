"""Rules, found by their path: `gemini/long_name.py` is `gemini/long-name`."""
