"""Checks of the promises that vendors' documents and hosts make."""
