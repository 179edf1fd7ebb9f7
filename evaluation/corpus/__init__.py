"""Documents that others wrote, taken through import, lint and build."""
