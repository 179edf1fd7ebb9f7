"""The catalogue: its YAML language and the loader."""
