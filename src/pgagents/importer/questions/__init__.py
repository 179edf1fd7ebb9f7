"""Questions about an API that only its owner can answer, each with the lines that answer it.

`question` has their form, and lists them, the most telling first. `basics` asks what a run and vendors need:
the server, keys, what costs. `shapes` asks what schemas suggest, such as which calls move a state. `prose`
asks about sentences that promise something, such as "at most" or "only after".
"""
