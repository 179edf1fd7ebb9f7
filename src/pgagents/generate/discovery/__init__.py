"""The documents by which a host advertises its API to agents."""
