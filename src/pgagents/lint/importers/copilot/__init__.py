"""Microsoft 365 Copilot's import of an OpenAPI document, simulated: its parser's error names, and what the service refuses behind it."""
