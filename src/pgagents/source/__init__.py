"""Read a file's text as data with the place of every value; write data back as text."""
