"""Vendors' imports of an OpenAPI document, simulated: the messages that a person would see there."""
