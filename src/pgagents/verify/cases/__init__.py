"""Cases of a call: boundary, invalid, combined, malformed and generated ones, and law mutants.

The values in them come from `verify/values`.
"""
