"""Find in a catalogue, or in a finished document, what vendors refuse and models misread.

`judge` recognises a document by its content and chooses its judge. A catalogue is judged by `run`: all of
`rules/`, found by their path (`rule` has their type), and what `build` says. `run` also takes comments into
account that silence a finding. A list of tools is judged under `tools/`, a plugin's folder or ZIP under
`packages/`. An OpenAPI document is judged under `importers/`, as a vendor's importer would.

`document` reads a file and holds its findings, `formats` prints them, and `pages` explains their ids.
Judges share `facts` (requirements and limits of vendors) and `texts` (all that a model reads).
"""
