"""Checks on what vendors' documents and hosts promise."""
