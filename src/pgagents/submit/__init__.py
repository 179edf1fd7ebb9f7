"""Prove the package of a store, and pack it with its evidence."""
