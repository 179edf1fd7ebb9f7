"""Reads the bodies of answers, one module for each kind of media type, and the sizes of pictures."""
