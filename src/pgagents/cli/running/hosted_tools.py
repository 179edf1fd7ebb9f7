"""Serve the tools of a catalogue's hosted MCP server beside its sandbox, on a port of their own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgagents.sandbox.sandbox import Sandbox


def serve_tools(sandbox: Sandbox, facts: dict[str, Any]) -> str:
    """Start the server in a thread that ends with the process, and return its URL.

    Return an empty text if the catalogue has no hosted server, or if the extra `mcp` is missing. Its tools
    call the sandbox with the key of the main identity, and callers need none.
    """
    from pgagents.cli._extras import missing

    model = sandbox.front.model
    server = model.mcp_server
    if server is None or not server.url or missing("mcp"):
        return ""
    from pgagents.client.client import Client
    from pgagents.client.send import Sender
    from pgagents.mcp.http import PATH, bind, make_app, serve
    from pgagents.mcp.server import make_server
    from pgagents.model.identity import find_keys
    from pgagents.tls import CertificateFiles

    shown = CertificateFiles(facts["client_cert"]) if facts["client_cert"] else None
    sender = Sender(facts["url"], cacert=facts["ca_file"], certificate=shown)
    keys = find_keys(model, facts["keys"], "test")
    client = Client(
        model, sender, keys, own_tools=sandbox.front.own_tools, servers=dict.fromkeys(model.servers, "")
    )
    bound = bind(0, "127.0.0.1")
    port = bound.getsockname()[1]
    app = make_app(make_server(model, client, close=sender.close), model, port)
    threading.Thread(target=serve, args=(app, bound, lambda: None), daemon=True).start()
    return f"http://127.0.0.1:{port}{PATH}"
