"""The values of a write that reach nothing of others: ids, references, options and rights.

`ids` tells nobody's ids from those that a lenient reader takes for somebody's, and finds arguments that name
other things. `options` finds those that may widen what a call does, or that change who may do what.
`withheld`
says what a write may send of an action that only a document describes.
"""
