"""Rules about a catalogue, found by their path: `gemini/long_name.py` is `gemini/long-name`.

A rule's docstring is its page in `pgagents explain`. Rules of a vendor stand in its folder, those of every
catalogue in `catalogue/`.
"""
