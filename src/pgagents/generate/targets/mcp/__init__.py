"""The Model Context Protocol: tools, the registry entry, client configurations."""
