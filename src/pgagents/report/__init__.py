"""The report of a verification: its values, baseline, merging, comparison, and formats (`formats/`)."""
