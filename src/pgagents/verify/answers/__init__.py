"""Readings of answers that several checks share; none of these modules sends or decides what is called.

`refusal` says how a server may refuse, and `replay` how it answers one idempotency key again.
`representations` finds what an answer says of an instance, and `standing` what of it must stay. `normalized`
compares answers, and `observation` an instance before and after a call. `effects` judges what calls change,
by what is expected of them. `hints` tries the hints of an action. `headers` and `bodies` read the parts of
one answer.
"""
