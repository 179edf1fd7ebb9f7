"""Microsoft 365 Copilot: API plugins."""
