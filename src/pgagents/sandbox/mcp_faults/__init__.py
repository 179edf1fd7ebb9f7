"""Faults of an MCP server, one file each."""
