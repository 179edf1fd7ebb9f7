"""The values of a write that reach nothing of others: ids, references and options.

`ids` tells nobody's ids from those that a lenient reader takes for somebody's. `references` finds arguments
that name other things. `options` finds those that may widen what a call does. `withheld` puts both together:
what a write may send of an action that is known from a document alone.
"""
