"""Simulate vendors' imports of an OpenAPI document, with the messages that a person would see there."""
