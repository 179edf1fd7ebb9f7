"""Build a store's package in memory, judge it by the store's rules, and compare its tools with the
server's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgagents.base.errors import Diagnostic, PgagentsError
from pgagents.catalogue.model.model import Model
from pgagents.submit.store import Lack, Store

if TYPE_CHECKING:
    from pgagents.base.places import Pointer
    from pgagents.catalogue.model.listing import Listing
    from pgagents.generate.build import Built
    from pgagents.generate.render import Rendered
    from pgagents.verify.wire.mcp_link import Link, ToolListing


@dataclass(frozen=True, slots=True)
class Package:
    """A package: its files by name, the archive first, and the store's findings about them."""

    files: Mapping[str, bytes]
    found: tuple[Diagnostic, ...]


def find_listing(model: Model, surface: str, store: Store) -> Listing:
    """Return the listing of a store. Raises PgagentsError if the catalogue has none."""
    there = model.surfaces.get(surface)
    if there is None or there.listing is None:
        raise PgagentsError(
            f"the catalogue has no listing for {store.title}", f"add `listing:` to the surface `{surface}`"
        )
    if "mcp" not in model.surfaces:
        raise PgagentsError(
            "the catalogue has no `surfaces.mcp`, whose tools a package connects",
            "add it, with the actions that MCP clients are to be offered",
        )
    return there.listing


def build_package(model: Model, surface: str, store: Store) -> Package:
    """Build, judge and pack the package of a store. Errors of the build are among the findings."""
    from pgagents.generate.package import ARCHIVES, pack_archive

    listing = find_listing(model, surface, store)
    archive = ARCHIVES[surface]
    built, files = pack_archive(model, archive, listing)
    found = list(built.diagnostics)
    if store.judge:
        places = _Places(built, model)
        packed = next(iter(files))
        found += places.judge(packed, files[packed], store, archive.folder)
        for path in archive.beside:
            folder, _, name = path.rpartition("/")
            found += places.judge(name, files[name], store, f"{folder}/") if name in files else ()
    return Package(files, tuple(found))


class _Places:
    """Judge files, and find the catalogue's line behind a member of a built file."""

    def __init__(self, built: Built, model: Model) -> None:
        self._model = model
        self._made = {path: document for document in built.rendered for path in document.made.paths}
        self._traced: dict[str, Rendered] = {}

    def judge(self, name: str, raw: bytes, store: Store, folder: str) -> Iterator[Diagnostic]:
        """Yield the store's findings about a file, or about an archive of files that are built below
        `folder`.
        """
        from pgagents.lint.packages.verdict import describe_hit, find_hits

        for hit in find_hits(name, raw, store.judge):
            at = self._find(folder + (hit.file or name), hit.pointer)
            yield describe_hit(hit, self._model.source.locate(at), store.judge)

    def _find(self, path: str, pointer: Pointer) -> Pointer:
        """Return the place of a member. If the file is unknown, return that of all surfaces."""
        from pgagents.generate.build import origin
        from pgagents.generate.render import Renderer

        document = self._made.get(path)
        if document is None:
            return ("surfaces",)
        id = document.made.id
        if id not in self._traced:
            self._traced[id] = Renderer(traced=True).render(document.made)
        return origin(self._traced[id], pointer, self._model)


def judge_tools(tools: Sequence[Any], model: Model, store: Store) -> Iterator[Diagnostic]:
    """Yield the store's findings about a server's list of tools, at the lines of their actions.

    Codes that the catalogue ignores with a reason are left out.
    """
    if not store.judge:
        return
    from pgagents.base.http import json_bytes
    from pgagents.generate.actions import find_name, list_offered
    from pgagents.lint.packages.verdict import describe_hit, find_hits

    surface = model.surfaces["mcp"]
    lines = {str(find_name(surface, action)): action.origin for action in list_offered(surface)}
    answered = {code for code, rule in store.rules.items() if _is_answered(model, rule)}
    for hit in find_hits("tools.json", json_bytes({"tools": list(tools)}), store.judge):
        if hit.code in answered:
            continue
        number = next((step for step in hit.pointer if isinstance(step, int)), -1)
        tool = tools[number] if 0 <= number < len(tools) else None
        name = str(tool.get("name")) if isinstance(tool, Mapping) else ""
        at = lines.get(name, surface.origin)
        yield describe_hit(hit, model.source.locate(at), store.judge)


def _is_answered(model: Model, rule: str) -> bool:
    """True if the catalogue ignores all findings of a lint rule, with a reason."""
    from pgagents.lint.run import lint

    judged = lint(model, (rule,))
    return bool(judged.ignored) and not judged.found


# -- tools of the server


FILE = "mcp/tools.json"
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
    from pgagents.base.places import plain
    from pgagents.generate.actions import list_offered
    from pgagents.generate.build import document
    from pgagents.verify.tools import find_difference, find_other_meaning, show_member

    surface = model.surfaces["mcp"]
    if listing.unread:
        yield Lack("tools", surface.origin, f"the server's list of tools cannot be read: {listing.unread}")
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
    if after.unread:
        message = f"the server's list of tools cannot be read after the run: {after.unread}"
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
