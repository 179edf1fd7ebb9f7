"""Read a file's text as data with the place of every value, and write data back."""
