"""Values for a JSON Schema: lowest, highest, those that break one keyword, generated ones."""
