"""Rules for Microsoft 365 Copilot."""
