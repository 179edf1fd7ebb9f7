"""The catalogue's laws, parsed and evaluated on exchanges."""
