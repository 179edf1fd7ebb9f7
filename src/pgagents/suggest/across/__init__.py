"""Propose relations between calls and members that never change, and choose the calls that show them."""
