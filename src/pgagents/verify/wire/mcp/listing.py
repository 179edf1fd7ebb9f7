"""The tools that an MCP server lists: read all pages in bounded time, and decide which tools may be called.

A tool may be called without permission if its hints say that it only reads. Its name and its description
must not say that it acts.
https://modelcontextprotocol.io/specification/2025-11-25/server/tools, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.http import json_bytes
from pgagents.text.acting import NOTHING, Acting, find_shared_prefix, why_acts
from pgagents.verify.wire.mcp.form import error_of, result_of
from pgagents.verify.wire.mcp.link import Link

LIST = "tools/list"
MOST_PAGES, MOST_TOOLS, MOST_CHARACTERS = 50, 2_000, 8_000_000


@dataclass(frozen=True, slots=True)
class ToolListing:
    """A server's answer to `tools/list`. `tools` has the items of all pages, unchecked.

    `problem` says why the list could not be read to its end. `pages` is the number of its pages. The caller
    names tools: `allowed` may be called even if they write, `reads` only read, and `acts` do not only read.
    """

    tools: tuple[Any, ...] = ()
    problem: str = ""
    pages: int = 0
    allowed: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    prefix: str = field(init=False, default="")
    """The prefix that most tools' names share, such as `browser_`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefix", find_shared_prefix([name for _, name, _ in self.named]))

    @property
    def named(self) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
        """Yield the tools that have a name, with their numbers in the list. If several have the
        same name, only the first is yielded.
        """
        seen: set[str] = set()
        for number, tool in enumerate(self.tools):
            if isinstance(tool, Mapping) and isinstance(name := tool.get("name"), str) and name not in seen:
                seen.add(name)
                yield number, name, tool

    def may_call(self, tool: Mapping[str, Any]) -> bool:
        """True if a tool may be called: it only reads, or the caller permits it by name."""
        return tool.get("name") in self.allowed or not self.object_to(tool)

    def object_to(self, tool: Mapping[str, Any]) -> str:
        """Return why a tool is taken for one that may write; empty for one that only reads."""
        name = str(tool.get("name"))
        if name in self.acts:
            return "as --acts says"
        if name in self.reads:
            return ""
        if find_hints(tool).get("readOnlyHint") is not True:
            return "as its hints do not say that it only reads"
        acting = self.why_acts(tool)
        return f"as {acting.reason}" if acting else ""

    def why_acts(self, tool: Mapping[str, Any]) -> Acting:
        """Return the word by which a tool acts, whatever its hints say."""
        name, description = tool.get("name"), tool.get("description")
        if not isinstance(name, str):
            return NOTHING
        text = description if isinstance(description, str) else ""
        return why_acts(name.removeprefix(self.prefix), "", text, tool=True)

    def find(self, name: str) -> Mapping[str, Any] | None:
        """Return the first tool of this name."""
        return next((tool for _, known, tool in self.named if known == name), None)


def read_listing(link: Link) -> ToolListing:
    """Read all pages of the list; an incomplete list has a `problem`."""
    tools: list[Any] = []
    cursors: set[str] = set()
    cursor, size = "", 0
    for page in range(1, MOST_PAGES + 1):
        answer = link.ask({"method": LIST, **({"params": {"cursor": cursor}} if cursor else {})})
        result = result_of(answer)
        found = result.get("tools") if result is not None else None
        if result is None or not isinstance(found, list):
            code = error_of(answer)
            why = f"it answers JSON-RPC error {code}" if code is not None else "it answers no list of tools"
            return ToolListing(tuple(tools), link.problem or why, page)
        tools += found
        size += len(json_bytes(found))
        if len(tools) > MOST_TOOLS or size > MOST_CHARACTERS:
            why = f"it has more than {MOST_TOOLS:,} tools or {MOST_CHARACTERS:,} bytes"
            return ToolListing(tuple(tools[:MOST_TOOLS]), why, page)
        following = result.get("nextCursor")
        if not isinstance(following, str) or not following:
            wrong = following is not None and not isinstance(following, str)
            return ToolListing(tuple(tools), "`nextCursor` is no text" if wrong else "", page)
        if following in cursors:
            return ToolListing(tuple(tools), "`nextCursor` comes again, so that the list never ends", page)
        cursors.add(following)
        cursor = following
    return ToolListing(tuple(tools), f"it has more than {MOST_PAGES} pages", MOST_PAGES)


def find_hints(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the hints (`annotations`) of a tool; empty if it has none."""
    found = tool.get("annotations")
    return found if isinstance(found, Mapping) else {}
