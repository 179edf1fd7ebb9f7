"""Where connections go, and the client certificate that they have."""
