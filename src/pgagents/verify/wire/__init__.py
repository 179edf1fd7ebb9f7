"""One call on its way to the server and back.

An `endpoint` is an action on a surface, and a `call` is what a probe asks for (`asking`). `encode` makes its
request, `send` sends it within a `deadline` and at the server's `pace`, and an `exchange` has the parsed
answer. Nothing is sent once the process's `lease` has ended. MCP: `mcp_messages` has the messages,
`mcp_link` the connection, `mcp_process` a server on stdio. `oauth` gets tokens, and `receiver` takes
events.
"""
