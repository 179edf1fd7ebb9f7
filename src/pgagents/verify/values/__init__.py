"""Make values for a JSON Schema: lowest, highest, invalid and random ones."""
