"""Families of odd but legal behaviour: each names the key of `behaviour`, if any, that must allow it."""
