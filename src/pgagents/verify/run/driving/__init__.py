"""The parts of a running probe: its calls, and the removal of what it made."""
