"""Carry out a model's tool call: read a vendor's message, call the API, write the vendor's answer."""
