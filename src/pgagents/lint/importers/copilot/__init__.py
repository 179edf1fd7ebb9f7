"""Simulation of Microsoft 365 Copilot's import of an OpenAPI document.

It gives the error names of Microsoft's parser, and reports what the service behind it refuses.
"""
