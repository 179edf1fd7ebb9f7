"""A domain made from a catalogue alone: what a server would do of which only the catalogue is known.

`mock` carries out a call. `rows` keeps instances, and `places` finds them in answers. `instances` makes,
fills and names them, and `lifecycle` changes them without a call. `listing` gives them out in `pages`,
whose names are made by the modules of `tokens/`. `answers` makes bodies and headers such that the laws
hold. `platform` has events and audit.
"""
