"""Choose which actions of an imported catalogue assistants are offered."""
