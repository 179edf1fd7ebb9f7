"""The Model Context Protocol on the wire: messages, tool calls, and links over HTTP and stdio."""
