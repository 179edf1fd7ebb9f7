"""Serve a catalogue's actions over MCP, by stdio and Streamable HTTP, in both eras of the protocol.

`server` answers the protocol's requests; `tools` lists the tools and writes their results, `search` offers
those that are not listed, and `skills` offers the package's skills. `stdio` and `http` carry the messages,
and `request_timeouts` limits the time of a request. `token` verifies the tokens of callers. `hosting` builds
a server for many callers from `settings`, with a key for each of `callers`. `asgi` is the application for any
ASGI server.
"""
