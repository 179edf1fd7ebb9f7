"""Promises that vendors' documents make about an action: offers, schemas, limits."""
