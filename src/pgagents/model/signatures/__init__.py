"""The signature formats, one module for each."""
