"""The catalogue: from the author's YAML to the Model that every later room reads.

`load` reads a file, has it checked, and returns the Model or all diagnostics at once. If a value may
not stand where it stands, `refused` says what to write instead. Three passes do the work of `load`.
`language` has the pydantic classes for the YAML. `checks` finds problems that these cannot see. `resolve`
looks names up and fills defaults in. `model` has the values of the result. `encoding` turns a call of an
action into a request, and `decoding` reads the bodies of answers: both by kinds of media.
`harmless` says what a write may send.
"""
