"""The catalogue as written: pydantic classes for the YAML, and their errors as diagnostics."""
