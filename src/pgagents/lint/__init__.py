"""Predict, before upload, what vendors and models will make of a catalogue or of any finished document."""
