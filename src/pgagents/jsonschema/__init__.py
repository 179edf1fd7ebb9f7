"""JSON Schema: validate, intersect, make nullable, match patterns. Only this room imports jsonschema-rs."""
