"""The catalogue: its YAML language, the checks on it, and the loader."""
