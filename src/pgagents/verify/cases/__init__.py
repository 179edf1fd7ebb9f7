"""Make the cases of a call: boundary, invalid, combined, malformed and generated ones, and law mutants.

Their values come from `verify/values`.
"""
