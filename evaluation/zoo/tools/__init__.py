"""One module for each MCP server of the zoo: how to install and start it, and the files that it works on."""
