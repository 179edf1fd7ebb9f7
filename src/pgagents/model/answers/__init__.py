"""Answers as the catalogue documents them, and readers of what an answer says: its error, its rate limit."""
