"""Output formats for findings of lint, one module each."""
