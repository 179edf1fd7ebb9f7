"""Simulate the GPT builder's import of an OpenAPI document: its error messages, and what the model would
see.
"""
