"""The places of the documents by which a host advertises its API to agents, and their links."""
