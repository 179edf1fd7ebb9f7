"""Events that a server sends: steps that cause them, and their deliveries."""
