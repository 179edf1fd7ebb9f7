"""A plugin for Microsoft 365 Copilot: an app package with skills and a connector to the MCP server."""
