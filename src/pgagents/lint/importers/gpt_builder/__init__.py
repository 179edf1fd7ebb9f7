"""Simulation of the GPT builder's import of an OpenAPI document: the same messages, and what the model would see."""
