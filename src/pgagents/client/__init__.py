"""Carries out a model's tool call: reads a vendor's message, calls the API, writes the vendor's answer."""
