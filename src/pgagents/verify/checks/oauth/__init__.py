"""Checks on OAuth: grants, clients, lifetimes, metadata."""
