"""Families of faults in Park Graph's own tables, actions and fields."""
