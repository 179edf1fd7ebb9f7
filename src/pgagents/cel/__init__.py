"""CEL, the language of laws: compile expressions, bound their work, evaluate them, rewrite them for Arazzo.

Only this package imports the library `cel`.
"""
