"""Compare two editions of a catalogue or of an OpenAPI document, for callers and for readers.

`compare.py` walks two catalogues along the table of `language.py`, which rates the change of each key. What
values decide is in `actions.py` (an action, its arguments and answers), `api.py` (all else) and `auth.py`.
`openapi/` compares two documents; its `table.py` rates what it finds. Both compare schemas by `values.py`,
which asks `inclusion.py` whether one schema allows all that another does, and `samples.py` for a value that
shows it; `schemas.py` is the form in which they stand. `listings.py` says what a change does to plugins that
stores have accepted. `change.py` is one change, and `formats.py` writes them for people and machines.
"""
