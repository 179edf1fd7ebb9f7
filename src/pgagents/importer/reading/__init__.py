"""A document from outside, read: its references, its operations in one form, and notes on what is lost."""
