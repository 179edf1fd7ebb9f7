"""Checks of the hints that actions give about themselves, on instances that the run made."""
