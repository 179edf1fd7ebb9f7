"""Decide which ids, references and options a write may send, so that nothing of others changes.

`ids` tells nobody's ids from those that a lenient reader takes for somebody's. `arguments` finds what a run
withholds of a write that only a document describes.
"""
