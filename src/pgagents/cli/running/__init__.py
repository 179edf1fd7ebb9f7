"""A verification from the command line.

`run` runs one, with preflight and Ctrl-C, and `app` starts and ends the app for it (`--start`). `tools`
runs one of an MCP server without a catalogue. `guard` has what `pgagents skills` and `pgagents listing`
share. `plan` and `progress` print what is planned and done.
"""
