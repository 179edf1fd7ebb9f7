"""A domain made from a catalogue alone: what a server would do of which only the catalogue is known.

`mock` carries out a call. `rows` keeps instances, and `places` finds them in answers. `instances` makes,
fills and names them, and `lifecycle` changes them without a call. `listing` gives them out in `pages`.
`answers` makes bodies and headers such that the laws hold, and `sample` a value for any schema. `platform`
has events and audit.
"""
