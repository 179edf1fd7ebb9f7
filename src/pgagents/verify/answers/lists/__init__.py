"""What a list must contain, and what it must not."""
