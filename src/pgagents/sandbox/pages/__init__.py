"""Pages that need no key and are not actions.

Each module has the functions that `sandbox/setting.py` lists.
"""
