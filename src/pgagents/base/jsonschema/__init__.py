"""JSON Schema: validate, combine, adapt to a direction, match patterns.

`walk` finds and rewrites the schemas inside a schema. `schema` resolves and compiles them. `agreement` finds
keywords that contradict each other. `combine` makes one schema of several, and `union` one object of
alternatives. `direction` adapts a schema to requests or to answers. `readings` holds a document's own schema
in two readings. `patterns` analyses regular expressions. Only this package imports jsonschema-rs.
"""
