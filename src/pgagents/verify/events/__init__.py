"""Events that a server sends: the steps that cause them, and the deliveries received."""
