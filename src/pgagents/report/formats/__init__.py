"""Formats of a report, one module each; `cli/inputs/report_files.py` lists them with their file suffixes."""
