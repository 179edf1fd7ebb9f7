"""From a file's text to data with the place of every value, and back."""
