"""Checks on the promises of vendors' documents and hosts."""
