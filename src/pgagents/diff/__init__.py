"""Compare two editions of a catalogue, for callers and for readers. A document is imported first.

`compare.py` walks two catalogues along the table of `language.py`, which rates the change of each key.
`actions.py` (an action, its arguments and answers), `api.py` (all else) and `auth.py` compute the changes
that depend on values. `values.py` compares schemas. It asks `inclusion.py` if one schema allows all that
another does, and `samples.py` for a value that shows it. `schemas.py` has the form in which schemas are
compared. `listings.py` says what a change does to plugins that stores have accepted. `change.py` is one
change, and `formats.py` writes them for people and machines.
"""
