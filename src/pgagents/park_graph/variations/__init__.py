"""Variations of Park Graph's own tables, actions and members."""
