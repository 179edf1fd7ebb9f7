"""Pages that need no key and are no actions.

Each module has the functions that `sandbox/setting.py` lists.
"""
