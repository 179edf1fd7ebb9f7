"""One module a generated document, found by its path: `<vendor>/<artefact>.py` with `TARGET`."""
