"""Kinds of request bodies: one module for each, found by its path.

The sandbox reads each kind by code of its own: a new one needs a module in `sandbox/media` too. `form` is
also used by other rooms.
"""
