"""Parses and writes the messages of protocols that a dispatcher speaks."""
