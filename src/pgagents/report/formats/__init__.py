"""Formats of a report, one module each; `cli/running/report_files.py` lists them with their file suffixes."""
