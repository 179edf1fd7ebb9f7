"""A verification from the command line.

`run` runs one, with preflight and Ctrl-C, and `app` starts and ends the app for it (`--start`). `tools`
runs one of an MCP server without a catalogue, and `listing` one by what stores approved. `skills` runs one by
what skills say, and `selftest` the self-test. `plan` and `progress` print what is planned and done.
"""
