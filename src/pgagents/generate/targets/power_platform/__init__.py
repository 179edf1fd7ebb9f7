"""A connector of the Power Platform for Copilot Studio."""
