"""The command line.

Each module here is a command of its name, found by its file; `main` finds and runs it. A command imports
what it needs when it runs, so that `--help` stays instant. `inputs/` reads options, servers, keys and
files; `running/` runs a verification and shows its progress and its report.
"""
