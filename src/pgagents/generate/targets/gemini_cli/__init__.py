"""An extension of Gemini CLI: the MCP server, and a context file made of the skills."""
