"""Checks of what bodies look like: answers by media type, and schemas."""
