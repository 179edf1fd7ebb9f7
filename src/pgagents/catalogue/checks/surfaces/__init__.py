"""Checks of surfaces: what carries an action, how arguments are narrowed, and which MCP server there is."""
