"""A verification from the command line.

`run` runs one, `companions` what stands beside the server, `tools` an MCP server without a catalogue, and
`selftest` the self-test. `plan` and `progress` print what is planned and done; `report_files` writes and
prints the report.
"""
