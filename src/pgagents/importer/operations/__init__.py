"""Convert the parts of an operation: arguments, body, answers, texts, and effect."""
