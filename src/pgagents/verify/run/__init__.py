"""One run, from the first request to the report.

`run` lists, plans and drives; `preflight` looks for obstacles before it, such as a refused key (`obstacles`,
`explain`). `course` runs the probes one at a time, or in `lanes`: it chooses how many, and leaves out what is
judged already. `driver` takes the steps of one probe. `call_executor` makes the instances of a call, has it
sent and has it judged. `gate` decides if a request may be sent (`named_instances`), and `tripwire` ends
writing where one of the `older_rows` is gone or changed. `sender` sends it. `requests` makes it: its server,
its key, and the client that it looks like. `timing` has the budget and the time left. It decides whether a
call that got a 429 or 503 is repeated, and when a server counts as gone. `verify/wire/pace.py` says how long
is waited. A `transmission` is a request on its way. Where a server dies, `lost_answers` waits for its return
and finds the call that ended it; with `--start`, `cli/running/app.py` starts the app again.

`judge` gives the exchange to the watchers. `ledger` keeps the verdicts (broken, odd, untested) and makes
one finding of those with one cause. `breaks` has what is known of each break, and names its cause.
`absent_answers` explains what proves nothing. At the end come `confirm`, `clean_up` and `report`, and
`lifts` finds the lines that would try more. With a `journal`, a `recorder` writes down what could be made,
and `recovery` removes what earlier runs left. `redact` masks secrets in everything that is stored
(`known_secrets`, `masking`).
"""
