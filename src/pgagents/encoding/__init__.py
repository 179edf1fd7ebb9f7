"""Encode the arguments of a call: lists and objects as text, and bodies of every media type."""
