"""The catalogue's language: pydantic classes for the YAML, with its short forms.

`catalogue` is the root, and its JSON Schema for editors. `basics` has names, texts and schemas; `actions`,
`errors`, `resources` and `surfaces` have the parts that bear these keys. `auth` has schemes and identities,
and `platform` all that holds for the whole API: addresses, limits, events, retention.
"""
