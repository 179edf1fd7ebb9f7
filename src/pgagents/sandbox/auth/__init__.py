"""Read the credential of a call."""
