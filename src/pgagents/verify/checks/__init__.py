"""Each module is a check, in a folder for its area. A check has the name of its module."""
