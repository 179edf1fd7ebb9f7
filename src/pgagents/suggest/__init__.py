"""Propose laws from the exchanges of a run: mine them, try to break them, rank them, write them as YAML.

`session` accompanies a run. `samples` keeps its exchanges and `tables` arranges them. `mine` judges what
the modules in `templates/` propose as a `candidate`. `across` proposes laws over several calls. `calls`
chooses further calls that would break what holds by accident. `writing` writes YAML to paste, and
`insertion` puts that into the catalogue's own file. `cases` proposes a store's test cases.
"""
