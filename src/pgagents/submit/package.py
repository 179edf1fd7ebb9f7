"""Build a store's package in memory, and judge it by the store's rules, at the catalogue's lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgagents.errors import PgagentsError
from pgagents.source.diagnostics import Diagnostic
from pgagents.submit.store import Store

if TYPE_CHECKING:
    from pgagents.generate.build import Built
    from pgagents.generate.render import Rendered
    from pgagents.model.model import Model
    from pgagents.model.stores.listing import Listing
    from pgagents.source.source import Pointer


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
    from pgagents.generate.actions import find_name, list_offered
    from pgagents.http import json_bytes
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
