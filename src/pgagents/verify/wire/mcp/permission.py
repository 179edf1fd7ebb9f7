"""Decide which messages may be sent to an MCP server that no catalogue describes."""

from __future__ import annotations

from collections.abc import Mapping

from pgagents.http import Request, read_json
from pgagents.verify.wire.mcp.listing import ToolListing

CALL = "tools/call"


def is_no_call(request: Request) -> bool:
    """True if a message surely calls no tool, and only asks about the server."""
    message = read_json(request.body).value
    method = message.get("method") if isinstance(message, Mapping) else None
    return isinstance(method, str) and method != CALL


def object_to_message(request: Request, listing: ToolListing) -> str:
    """Return why a message must not be sent; empty if it may be.

    A call may be of a tool that only reads, that the caller permits, or that the server does not list.
    """
    if is_no_call(request):
        return ""
    message = read_json(request.body).value
    if not isinstance(message, Mapping):
        return "" if CALL.encode() not in request.body else "it may be a call of a tool"
    params = message.get("params")
    name = params.get("name") if isinstance(params, Mapping) else None
    if not isinstance(name, str):
        return "it may be a call of any tool"
    tool = listing.find(name)
    known = {other.lower() for _, other, _ in listing.named}
    if tool is None:
        return "" if name.lower() not in known and not listing.problem else "it may be a call of a tool"
    return "" if listing.may_call(tool) else f"{name} may write: --allow {name} would call it"
