"""One module a check, in a folder for each area; a check's name is its module's name."""
