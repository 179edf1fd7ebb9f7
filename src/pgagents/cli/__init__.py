"""The command line: one module a command. Each reads its flags, calls one function and returns an exit
code.
"""
