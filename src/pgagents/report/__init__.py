"""The report of a verification.

`report` has its values, with the exit code, `contract` a contract and its verdict, and `reason` why there is
none, with what lifts it. `formats/` has one module for each output.
`causes` decides which broken contracts become one finding, such as one bug on two
surfaces. `baseline` marks accepted findings, `read` reads a JSON report back, `merge` merges and compares
reports. `lines` has the catalogue's lines that explain a finding or try more, and what each of the author's
lines proves. `presentation` says what a reader sees of a finding first. `verdicts` (the words of a result),
`curl` and `layout` make the other texts that formats share.
"""
