"""One run, from the first request to the report.

`run` lists, plans and drives; `preflight` looks for obstacles before it, such as a refused key
(`obstacles`, `explain`). `course` runs the probes one at a time, or in `lanes`: it chooses how many, and
leaves out what is judged already. `driver` takes the steps of one probe. `call_executor` makes the
instances of a call, has it sent and has it judged. `gate` decides if a request may be sent
(`named_instances`). `sender` sends it. `requests` makes it: its server, its key, and the client that it
looks like. `timing` has the budget and the time left. It decides whether a call that got a 429 or 503 is
repeated and how long it waits, and when a server counts as gone. A `transmission` is a request on its way.

`judge` gives the exchange to the watchers, `ledger` keeps the verdicts (broken, odd, untested) and makes
findings, and `lost_answers` and `absent_answers` explain what proves nothing. At the end come `confirm`,
`clean_up` and `report`. `redact` masks secrets in everything that is stored (`known_secrets`, `masking`).
"""
