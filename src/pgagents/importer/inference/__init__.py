"""Infer what a document shows and does not say: resources, links, pages, limits, conditional calls,
descriptions.

`inference` runs all inferences, each after those whose results it needs. `gains` lists for a person what a
catalogue would add to the verification of the document.
"""
