"""Calls that two surfaces must answer alike."""
