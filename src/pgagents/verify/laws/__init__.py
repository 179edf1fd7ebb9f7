"""The catalogue's laws, read and evaluated on exchanges."""
