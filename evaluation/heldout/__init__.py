"""Faults that no check was written for: what verify finds of them at first sight (see README.md)."""
