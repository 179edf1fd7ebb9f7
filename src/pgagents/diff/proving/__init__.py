"""Prove that one schema accepts no more than another."""
