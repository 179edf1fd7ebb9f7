"""Templates of laws about lists and event streams."""
