"""Convert the parts of an operation: its arguments, body, answers, texts, and whether it changes anything."""
