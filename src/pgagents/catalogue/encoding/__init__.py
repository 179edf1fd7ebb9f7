"""Encode a call of an action: `request` writes its target, its headers and its body. `medium` finds the kind
of body, and `paths` tells which values cannot stand in a path.

`media/` has one module for each kind, found by its path.
"""
