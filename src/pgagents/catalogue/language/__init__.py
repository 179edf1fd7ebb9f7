"""The classes (pydantic) for each part of the YAML, and their errors as diagnostics."""
