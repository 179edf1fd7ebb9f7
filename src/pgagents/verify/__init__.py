"""Verify a running server: plan probes, send their calls, judge each answer, and report.

`promise` has the types of a check (Case, Attempt, Trial, Check), `judgement` what an answer says of a
contract, `check_registry` finds all checks, and `setting` is what every check gets: the catalogue and the
choices of the run. It also has what a run remembers, such as `before` in a law. A check stands in
`checks/<area>/<promise>.py` with its contracts, calls, readings and verdict. `tool_checks` are those of an
MCP server that no catalogue describes (`tools`). A contract's way: `plan` decides what is tried, `run` sends
and judges, and `fixtures` makes the instances that calls need. `wire` is one call as bytes, there and back.
`values` makes the values of arguments.

Several checks share `cases` (calls to make) and `answers` (readings). They also share `lists` (items and
next pages), `laws` (evaluated on an exchange) and `oauth` (tokens and sign-in). `events` has what
deliveries and audit rows tell of a change, and `projections` the calls that a vendor's document allows.
"""
