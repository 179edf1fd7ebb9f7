"""Calls whose values Schemathesis generates, and the smallest form of one that shows a fault."""
