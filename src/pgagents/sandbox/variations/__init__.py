"""Variations, odd but legal behaviour, by family; each names the catalogue's behaviour key that must permit it, if any."""
