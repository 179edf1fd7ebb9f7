"""Writes the bodies of answers, by the media type that the catalogue declares, and headers that vary."""
