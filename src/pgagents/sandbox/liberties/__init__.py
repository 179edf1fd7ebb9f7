"""Odd but legal behaviour: each says which point of the catalogue must be open."""
