"""Behaviour made from a catalogue alone: ids, rows, sample values."""
