"""Format and size of a picture, read from its content."""
