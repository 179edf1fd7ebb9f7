"""Readings of answers that several checks share; none of these modules sends or decides what is called.

`refusal` says how a server may refuse, and `replay` how it answers one idempotency key again.
`representations` and `normalized` compare answers, and `observation` compares an instance before and
after a call. `hints` tries the hints of an action. `headers` and `bodies` read the parts of one answer.
"""
