"""One run, from the first request to the report.

`run` lists, plans and drives; `preflight` looks for obstacles before it (`obstacles`, `explain`).
`course` runs the probes one at a time, or in `lanes`. `driver` takes the steps of one probe.
`call_executor` makes the instances of a call, has it sent and has it judged. `gate` decides if a request
may be sent (`named_instances`). `sender` sends it: `requests` makes it, `timing` and `transmission` say
when. `judge` gives the exchange to the watchers, `ledger` keeps the verdicts, and `lost_answers` and
`absent_answers` explain what proves nothing. At the end come `confirm`, `clean_up` and `report`. `redact`
masks secrets in everything that is stored (`known_secrets`, `masking`).
"""
