"""Formats of a report, one module each; `report/forms.py` lists them with their file suffixes."""
