"""One module a generated document: `<vendor>/<artefact>.py` with `TARGET`."""
