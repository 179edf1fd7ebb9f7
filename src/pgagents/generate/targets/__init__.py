"""One module per generated document: `<vendor>/<artefact>.py` with `TARGET`."""
