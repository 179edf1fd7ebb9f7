"""Codex, which installs Agent Plugins from a marketplace."""
