"""Parse the catalogue's laws, and evaluate them on exchanges."""
