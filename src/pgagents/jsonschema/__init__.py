"""JSON Schema: references, intersection, null, patterns. The only room that imports jsonschema-rs."""
