"""The keys and access tokens of a client, and the commands that print them."""
