"""Events that a server sends: steps that cause them, and deliveries to our receiver."""
