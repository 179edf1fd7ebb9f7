"""The catalogue's language: pydantic classes for the YAML, with its short forms.

`catalogue` is the root, and its JSON Schema for editors. `basics` has names, texts and the variables of
each kind of expression; `schemas` makes JSON Schema of the short form. `actions`, `errors`, `resources` and
`surfaces` have the parts that bear these keys. `auth` has schemes and identities, and `platform` all that
holds for the whole API: addresses, limits, events, retention. A new key begins here: a field with a
description.
"""
