"""The judges of function lists, one module for each vendor."""
