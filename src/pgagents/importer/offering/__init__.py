"""Choose the actions of an imported catalogue that are offered to assistants."""
