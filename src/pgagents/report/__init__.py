"""The report of a verification.

`report` has its values, and `formats/` one module for each output. `causes` decides which broken
contracts become one finding. `baseline` marks accepted findings, `read` reads a JSON report back, `merge`
merges and compares reports. `verdicts`, `curl` and `layout` make the texts that formats share.
"""
