"""The Model Context Protocol: tools, the registry's entry, clients' entries."""
