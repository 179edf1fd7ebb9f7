"""Checks on MCP servers."""
