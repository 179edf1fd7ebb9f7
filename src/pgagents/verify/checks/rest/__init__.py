"""Checks on answers of any HTTP API."""
