"""Texts for people: quote, compare, suggest, fill in."""
