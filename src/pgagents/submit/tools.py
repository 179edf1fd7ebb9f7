"""Compare a server's tools with the catalogue, and before a run with after it.

A store keeps the definitions that it has scanned, so a changed tool is reviewed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pgagents.model.model import Model
from pgagents.submit.lack import Lack

if TYPE_CHECKING:
    from pgagents.verify.wire.mcp_link import Link, ToolListing

FILE = "mcp/tools.json"
BEFORE, AFTER = "before the run", "after the run"
MOST_TOLD = 20
"""Most differences that are printed for one list."""


def read_tools(link: Link) -> ToolListing:
    """Read the list of tools, opening the link first."""
    from pgagents.verify.wire.mcp_link import ToolListing, read_listing

    return read_listing(link) if link.open() else ToolListing(problem=link.problem)


def compare_with_catalogue(model: Model, listing: ToolListing) -> Iterator[Lack]:
    """Yield the differences between a list and the catalogue: missing, changed, additional, or duplicate
    tools.
    """
    from pgagents.generate.actions import list_offered
    from pgagents.generate.build import document
    from pgagents.source.origin import plain
    from pgagents.verify.tools import find_difference, find_other_meaning, show_member

    surface = model.surfaces["mcp"]
    if listing.problem:
        yield Lack("tools", surface.origin, f"the server's list of tools cannot be read: {listing.problem}")
        return
    built = plain(document(model, FILE, traced=False).data["tools"])
    found = {name: tool for _, name, tool in listing.named}
    told = 0
    for action, tool in zip(list_offered(surface), built, strict=True):
        name, there = tool["name"], found.get(tool["name"])
        compare = find_other_meaning if model.is_only_tool(action) else find_difference
        where = compare(tool, there) if there is not None else ""
        if (there is not None and not where) or told == MOST_TOLD:
            continue
        told += 1
        help = "deploy what the catalogue says, or say in the catalogue what is deployed"
        if there is None:
            yield Lack("tools", action.origin, f"the server does not list {name}", help)
        else:
            was, now = show_member(tool, where), show_member(there, where)
            yield Lack(
                "tools", action.origin, f"the server lists {name} with {where}: {now}, not {was}", help
            )
    yield from _find_others(listing, {tool["name"] for tool in built}, surface.origin)


def _find_others(listing: ToolListing, known: set[str], origin: tuple[str | int, ...]) -> Iterator[Lack]:
    names = [tool.get("name") if isinstance(tool, Mapping) else None for tool in listing.tools]
    others = [str(name) for name in names if name not in known]
    twice = [name for name in sorted(known) if names.count(name) > 1]
    if others:
        shown = ", ".join(others[:MOST_TOLD])
        help = "their hints are not proved: add them to the catalogue, or offer them elsewhere"
        yield Lack("tools", origin, f"the server also lists {shown}", help)
    if twice:
        yield Lack("tools", origin, f"the server lists twice: {', '.join(twice[:MOST_TOLD])}")


def find_changes(model: Model, before: ToolListing, after: ToolListing) -> Iterator[Lack]:
    """Yield the tools that differ between two lists, at the lines of their actions."""
    from pgagents.generate.actions import index_actions

    surface = model.surfaces["mcp"]
    if after.problem:
        message = f"the server's list of tools cannot be read {AFTER}: {after.problem}"
        yield Lack("tools", surface.origin, message)
        return
    then, now = _by_name(before), _by_name(after)
    changed = [
        name for name in (*then, *(n for n in now if n not in then)) if then.get(name) != now.get(name)
    ]
    actions = index_actions(surface)
    for name in changed[:MOST_TOLD]:
        action = actions.get(name)
        how = "is gone" if name not in now else "is new" if name not in then else "has another definition"
        yield Lack(
            "tools",
            action.origin if action is not None else surface.origin,
            f"the server changed its tools while it was proved: {name} {how}",
            "submit a server that stays as it is",
        )
    if not changed and [*then] != [*now]:
        yield Lack("tools", surface.origin, "the server changed the order of its tools while it was proved")


def _by_name(listing: ToolListing) -> dict[str, Any]:
    return {name: tool for _, name, tool in listing.named}
