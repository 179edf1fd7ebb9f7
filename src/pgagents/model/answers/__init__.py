"""Read what an answer says: its error, its rate limit, its problem details."""
