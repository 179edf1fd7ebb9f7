"""Families of odd but legal behaviour: each variation says which point of the catalogue must be open."""
