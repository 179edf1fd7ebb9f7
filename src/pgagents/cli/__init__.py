"""The command line: flags in, one function called, exit code out."""
