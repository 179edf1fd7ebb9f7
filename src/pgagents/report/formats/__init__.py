"""Formats of a report: one module for each, found by its path, with a function `render`.

They are `text`, `json`, `html`, `markdown`, `junit`, `sarif` and `github`. `SUFFIXES` in
`cli/inputs/report_files.py` says which suffix of `--report` is which format.
"""
