"""What value may stand for an id, a reference or an option of a write, so that nothing of others changes.

`ids` tells nobody's ids from those that a lenient reader takes for somebody's. `arguments` finds what a run
withholds of a write that only a document describes.
"""
