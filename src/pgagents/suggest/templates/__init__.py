"""Templates of laws: one family in each module, found by its path.

Its function `propose` yields candidates for a table.
A new family needs its rank in `_ORDER` of `suggest/mine.py`, which decides between laws that imply each
other.
"""
