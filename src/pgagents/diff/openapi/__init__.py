"""Compare two editions of an OpenAPI 3.0 or 3.1 document as documents, with their own lines and names.

`compare.py` finds operations, servers and keys in both. `messages.py` compares what one operation takes and
answers. `both.py` collects changes and compares each named schema once. `tree.py` is one edition with its
references resolved, and `table.py` rates each kind of change.
"""
