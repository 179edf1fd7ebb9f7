"""The catalogue as it is written: pydantic classes for the YAML, and their errors as diagnostics."""
