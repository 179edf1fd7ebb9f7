"""Checks on a catalogue that pydantic's classes cannot make: references, paths, expressions, examples,
keys without effect.
"""
