"""One module a check, in a folder for each area. A check's name is its module's name."""
