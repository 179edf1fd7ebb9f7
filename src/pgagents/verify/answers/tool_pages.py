"""Read the pages of an MCP server's `tools/list` in a conversation."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from pgagents.http import json_bytes
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp.form import result_of

MOST_PAGES = 20


def ask_page(cursor: str | None) -> Call:
    """Return the call for one page of the list."""
    body = json_bytes({"method": "tools/list", **({"params": {"cursor": cursor}} if cursor else {})})
    return Call(
        None, {}, "document", "the tools that it lists", surface=MCP, raw=Raw(method="POST", body=body)
    )


def read_page(exchange: Exchange) -> tuple[list[Any], str | None, str]:
    """Return the tools of a page, the cursor of the next page, and the page's problem (empty if it has
    none).
    """
    result = result_of(exchange.answer)
    tools = result.get("tools") if result is not None else None
    if result is None or not isinstance(tools, list):
        return [], None, exchange.outcome if result is None else "tools/list answers no list of tools"
    cursor = result.get("nextCursor")
    return tools, cursor if isinstance(cursor, str) else None, ""


def find_closed(setting: Setting) -> str:
    """Return why the MCP server could not be reached; empty if it could."""
    return setting.mcp.problem if setting.mcp is not None and not setting.mcp.told else ""


def read_pages(setting: Setting) -> Generator[Call, Exchange, tuple[list[Any], str, str]]:
    """Return the tools of all pages, the problem of the list, and why the list could not be read.

    The two texts are empty if the list is right and was read.
    """
    listed: list[Any] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        exchange: Exchange = yield ask_page(cursor)
        if closed := find_closed(setting):
            return listed, "", closed
        page, cursor, problem = read_page(exchange)
        listed += page
        if not cursor or problem:
            return listed, problem, ""
    return listed, f"it has more than {MOST_PAGES} pages", ""
