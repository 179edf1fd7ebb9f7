"""Values for a JSON Schema: boundary values, values that break one keyword, generated ones."""
