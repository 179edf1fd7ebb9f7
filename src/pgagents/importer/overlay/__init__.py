"""A short catalogue over an OpenAPI document: `openapi: ./openapi.json`, and only what the document lacks.

`load` is the way from the author's file to a model. `options` reads the key `openapi`. `names` finds the
operation of each entry, and where that is gone the one that it most likely is now. `patterns` spreads entries
that stand for several operations. `merge` lays the author's part over the document's by fixed rules, and
`source` knows which file says a part. `document_overlays` applies OpenAPI Overlay files to the document
first. `short` writes the first short catalogue of a document.
"""
