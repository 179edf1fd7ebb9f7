"""Anthropic's documents."""
