"""Find the URLs of additional servers: one without TLS, and the MCP server that a submission proves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pgagents.client.environment import base_url
from pgagents.errors import PgagentsError
from pgagents.text.web_address import hide_in_address

if TYPE_CHECKING:
    from pgagents.model.model import Model


def plain_twin(url: str, plain_url: str | None) -> str:
    """Return the URL of the server without TLS; empty if the caller named none.

    Raises PgagentsError if `url` has no TLS, or if `plain_url` is no http URL.
    """
    if plain_url is None:
        return ""
    if not url.startswith("https://"):
        raise PgagentsError(
            "--plain-url is for a target with TLS", "give --url as https://…, or leave --plain-url out"
        )
    if not plain_url.startswith("http://"):
        raise PgagentsError(
            f"--plain-url {hide_in_address(plain_url)!r} is no http URL",
            "give it as http://staging.example.com",
        )
    return base_url(plain_url, "--plain-url")


def find_mcp_url(model: Model, url: str, given: str | None, command: str | None) -> str | None:
    """Return the URL of the MCP server; None if a command starts it.

    Without either, the catalogue's own address is moved to the target's host, if both servers share a host in
    the catalogue. Raises PgagentsError if no address is known.
    """
    if given is not None or command is not None:
        return given
    server = model.mcp_server
    named = str(server.url) if server is not None else ""
    if named and url.rstrip("/") == str(model.api.server).rstrip("/"):
        return named
    mcp, api, there = urlsplit(named), urlsplit(str(model.api.server)), urlsplit(url)
    if named and (mcp.scheme, mcp.netloc) == (api.scheme, api.netloc):
        return f"{there.scheme}://{there.netloc}{mcp.path}"
    raise PgagentsError(
        "a package is proved through its MCP server, and nothing tells where that is",
        "give --mcp-url URL for a hosted server, or --mcp-stdio CMD for one that a command starts",
    )
