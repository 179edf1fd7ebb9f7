"""The command line.

Each command is one module, which reads flags, calls one function and returns an exit code.
"""
