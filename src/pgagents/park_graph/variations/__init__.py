"""Families of odd but legal behaviour in Park Graph's own tables, actions and fields."""
