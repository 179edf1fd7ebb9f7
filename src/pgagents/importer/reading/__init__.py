"""Read a foreign document: its references, its operations in one form, and notes on losses."""
