"""Calls whose credential is missing or wrong."""
