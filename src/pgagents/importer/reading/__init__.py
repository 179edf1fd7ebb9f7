"""Read a document of others: its references, its operations in one form, and notes on what is lost."""
