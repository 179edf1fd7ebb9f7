"""The server's address cannot be reached from where assistants run.

ChatGPT, Copilot and the clients of a hosted MCP server call from the vendor's network. They cannot reach
`localhost`, an address of a private network, or a name without a dot. A client on the reader's own machine,
and a program that takes a list of tools, can.

Bad:

    api:
      server: "https://shop.internal"
      contact: agents@shop.internal
      terms: "https://shop.internal/terms"

Good:

    api: {server: "https://shop.example"}
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_VENDORS = ("openai", "copilot", "ai_plugin")
"""The surfaces whose vendor calls the server itself."""
_LOCAL = (".local", ".internal", ".lan", ".localhost", ".home", ".corp", ".test", ".invalid")


def find(model: Model) -> Iterator[Hit]:
    hosted = any(s.mcp_server is not None and s.mcp_server.url for s in model.surfaces.values())
    if not hosted and model.surfaces.keys().isdisjoint(_VENDORS):
        return
    host = urlsplit(model.api.server).hostname or ""
    if _private(host):
        yield Hit(
            ("api", "server"),
            f"assistants cannot reach `{host}`",
            "name the public host here; `verify --url` takes any other",
        )


def _private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_LOCAL)


RULE = Rule("error", "catalogue.public-server", find)
