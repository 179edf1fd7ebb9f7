"""JSON Schema: validate, intersect, make nullable, match patterns.

Only this package imports jsonschema-rs.
"""
