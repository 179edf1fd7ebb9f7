"""Legal ways for Park Graph to behave, found by an entry point."""
