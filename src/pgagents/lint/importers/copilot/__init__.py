"""Simulate Microsoft 365 Copilot's import of an OpenAPI document: its parser's error names, and the
service's refusals.
"""
