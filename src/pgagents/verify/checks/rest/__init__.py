"""Checks on calls and answers of any HTTP API. A check that fits no other area goes here."""
