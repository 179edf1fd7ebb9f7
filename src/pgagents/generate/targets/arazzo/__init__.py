"""Arazzo: workflows over an OpenAPI document."""
