"""What the gate knows of the ids in a request."""
