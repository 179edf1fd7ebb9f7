"""Texts for people: quoted, compared, suggested, filled in."""
