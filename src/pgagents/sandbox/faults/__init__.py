"""Faults and variations for whoever demonstrates `verify` or tests a client; tests/faults has the others."""
