"""Documents by which a host advertises its API to agents: where they are found, and their links."""
