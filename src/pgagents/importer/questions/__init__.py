"""Questions about an API that only its owner can answer, each with the lines that answer it.

`question` has their form. `asking` lists them, the most telling first: those about what a run and vendors
need, such as keys and what costs, are its own. `shapes` asks what schemas suggest, such as which calls move a
state. `prose` asks about sentences that promise something, such as "at most" or "only after".
"""
