"""Prove a store's package on a running server, and pack it with its evidence."""
