"""JSON Schema: what a schema takes, two as one, patterns. The one room that knows jsonschema-rs."""
