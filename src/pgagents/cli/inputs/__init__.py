"""Read what a command is given: options, servers, keys, files.

`options` has the options that several commands share, and `verification` those of `verify`, which become
`Options` of `verify/plan/options.py`. `server` finds the address and keys, and `env` reads a server
description. `catalogue` opens a catalogue, whole or over a document, and `short_file` writes, checks,
renews and settles one over a document. `document` and `tools` load a document or a list of tools that
stands in place of a catalogue. `files` reads and writes paths, and `revisions` reads what git has of a
path, or what was generated once. `companions` starts what runs beside the API. `report_files` writes the
reports of a run, prints one, and remembers what `--last-failed` tries again.
"""
