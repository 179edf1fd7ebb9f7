"""Inputs of commands.

`options` has the options that several commands share, `verification` those of `verify`. `server` finds
the address and keys, and `env` reads a server description. `document` and `tools` load a document or a list
of tools that stands in place of a catalogue. `files` reads and writes paths.
"""
