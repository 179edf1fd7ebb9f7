"""Infer what a document shows and does not say.

`inference` runs all inferences, each after those whose results it needs. `resources` are inferred from
`paths`, their `states` from an enumerated member, and `parts` from what contains them. `creates` finds the
call that makes an instance, `uniques` which text no two share. `links` uses the document's links, and `pages`
says how a list goes on.
"""
