"""The format of each vendor's tool calls and answers; one module a format, found by its path."""
