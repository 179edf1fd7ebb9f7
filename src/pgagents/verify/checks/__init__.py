"""One module for each promise: its contracts, its calls, its readings and its verdict.

The name of a module is the check's id, and its docstring explains the promise (`pgagents explain`). The
areas are for people: a check may move without a change of its contracts. Checks never import each other.
Code that several of them need stands in `verify/cases` and `verify/answers`. `verify/promise.py` has the
types.
"""
