"""Test a live server against every contract of its catalogue. CONTRIBUTING.md names the files in order."""
