"""Checks of the content of bodies: answers by media type, and schemas."""
