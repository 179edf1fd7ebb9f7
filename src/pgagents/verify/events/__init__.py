"""Events that a server sends: steps that cause them, and deliveries as they arrived."""
