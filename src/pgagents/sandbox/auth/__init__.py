"""How the sandbox reads the credential of a call."""
