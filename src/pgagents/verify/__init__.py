"""Verify a running server: plan probes, send their calls, judge each answer, and report.

`promise` has the types of a check (Check, Probe, Judgement), and `setting` the context that every check
gets. A check stands in `checks/<area>/<promise>.py` with its contracts, calls, readings and verdict.
`tool_checks` are those of an MCP server that no catalogue describes. Several checks share `cases` (calls
to make), `answers` (readings), `events`, `oauth`, `tools`, `lists`, `laws` and `projections`. A
contract's way: `plan` decides what is tried, `run` sends and judges, and `fixtures` makes the instances
that calls need. `wire` is one call as bytes, there and back. `values` makes the values of arguments. A
module imports only modules and packages below it (`pyproject.toml`, import-linter).
"""
