"""Agents that read the host's documents do not find its MCP server, because it is not hosted.

The catalogue serves documents in which agents look for an API, such as `llms.txt`. Others say where its MCP
server is: the server card and the AI catalogue (ARD). They need an address, so they are not written for a
server that each client starts by itself. A catalogue that serves no such document has no finding.

Bad:

    api:
      hosted: {web/llms.txt: /llms.txt}
    surfaces:
      mcp: {actions: all, server: corner-shop-mcp, env: {key: SHOP_TOKEN, url: SHOP_URL}}

Good:

    api:
      hosted: {web/llms.txt: /llms.txt}
    surfaces:
      mcp: {actions: all, server: {package: "npm:corner-shop-mcp", url: "https://shop.example/mcp"}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.generate.addresses import DISCOVERABLE
from pgagents.generate.build import targets
from pgagents.generate.mcp_servers import HOSTED_SERVER
from pgagents.generate.target import Target
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    server = model.mcp_server
    if server is None or server.url or not DISCOVERABLE.keys() & model.api.hosted.keys():
        return
    unwritten = [
        path
        for target in targets().values()
        if isinstance(target, Target) and target.part == HOSTED_SERVER
        for path in target.outputs
    ]
    yield Hit(
        server.origin,
        f"{', '.join(sorted(unwritten))} are not written: they name the address of a hosted MCP server",
        "where it is hosted (`pgagents mcp --http`), write `server: {url: https://…}`, beside the `package`",
    )


RULE = Rule("note", "mcp.card-address", find, surface="mcp")
