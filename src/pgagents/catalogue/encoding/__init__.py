"""Encode a call of an action: `request` writes its target, its headers and its body; `medium` finds the
kind of body.

`media/` has one module for each kind, found by its path.
"""
