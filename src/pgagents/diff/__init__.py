"""Compares two editions of a catalogue or an OpenAPI document: what changes, for whom, and how severe it is."""
