"""The type of a check, the context that a check reads, and the notes that watchers keep."""
