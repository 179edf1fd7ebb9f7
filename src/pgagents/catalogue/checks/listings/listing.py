"""Check the texts of plugin listings: their store shows them, and they are within its limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgagents import registry
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.listings.icon_file import read_icon
from pgagents.catalogue.checks.surfaces.carried import MCP
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.language.stores.listing import Listing as Written
from pgagents.model.stores.listing import Listing, Translation
from pgagents.source.origin import Text
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

STORES = "pgagents.catalogue.checks.listings.stores"


@dataclass(frozen=True, slots=True)
class Excess:
    """A text that a store refuses: its place in the file, the store's own code, and advice for the author."""

    at: Pointer
    code: str
    message: str
    help: str


@dataclass(frozen=True, slots=True)
class Store:
    """A store: its name for people, the keys of `listing` that it does not show, and its limits.

    `cases` are the numbers of positive and negative test cases that it requires; None if it wants none.
    `longest_case` is the greatest length of a case's text in characters.
    """

    title: str
    ignores: frozenset[str]
    judge: Callable[[Listing], Iterator[Excess]]
    cases: tuple[int, int] | None = None
    longest_case: int = 8000


def read_listing(written: Catalogue, surface: str, folder: Path | None) -> Listing | None:
    """Return the listing of a surface with its defaults; None if it has none.

    `folder` is the catalogue's folder. Without it the icon is not read.
    """
    given = written.surfaces[surface].listing
    if given is None:
        return None
    return _Reader(written, surface, given, folder).read()


class _Reader:
    """Fill in the defaults of one listing. Each value keeps the place it comes from."""

    def __init__(self, written: Catalogue, surface: str, given: Written, folder: Path | None) -> None:
        self.written, self.given, self.folder = written, given, folder
        self.surface = written.surfaces[surface]
        self.above: Pointer = ("surfaces", surface)
        self.at: Pointer = (*self.above, "listing")

    def read(self) -> Listing:
        given, api = self.given, self.written.api
        developer = given.developer
        named = Text(developer.name, (*self.at, "developer", "name")) if developer else Text("")
        summary = self._surface("description", ("api", "for_people"), api.for_people)
        page = ("docs", api.docs) if api.docs else ("server", api.base_url)
        return Listing(
            store=str(self.above[1]),
            id=self._text("id", ("api", "id"), api.id.lower()),
            version=self._text("version", ("api", "version"), api.version),
            name=self._surface("name", ("api", "title"), api.title),
            subtitle=self._text("subtitle"),
            summary=summary,
            description=self._text("description", summary.origin, str(summary)),
            category=self._text("category"),
            capabilities=self._texts("capabilities"),
            keywords=self._texts("keywords"),
            starters=tuple(
                Text(t, (*self.above, "starters", i)) for i, t in enumerate(self.surface.starters)
            ),
            skills=None if given.skills is None else self._texts("skills"),
            developer=named or Text(api.title, ("api", "title")),
            email=self._of_developer("email", api.contact),
            developer_url=self._of_developer("url", ""),
            website=self._text("website", ("api", page[0]), page[1]),
            support=self._text("support"),
            privacy=self._text("privacy", ("api", "privacy"), api.privacy),
            terms=self._text("terms", ("api", "terms"), api.terms),
            colour=self._text("colour"),
            colour_dark=self._text("colour_dark"),
            icon=read_icon(self.folder, self._text("icon")) if given.icon and self.folder else None,
            license=self._text("license"),
            release_notes=self._text("release_notes"),
            countries=None if given.countries is None else self._texts("countries"),
            demo=self._text("demo"),
            commerce=self._text("commerce"),
            translations={
                locale: Translation(
                    Text(told.subtitle or "", (*self.at, "translations", locale, "subtitle")),
                    Text(told.description or "", (*self.at, "translations", locale, "description")),
                )
                for locale, told in given.translations.items()
            },
            origin=self.at,
        )

    def _text(self, key: str, otherwise: Pointer = (), default: str | None = None) -> Text:
        value = getattr(self.given, key)
        if value is not None:
            return Text(value, (*self.at, key))
        return Text(default, otherwise) if default else Text("", self.at)

    def _texts(self, key: str) -> tuple[Text, ...]:
        values: list[str] = getattr(self.given, key)
        return tuple(Text(value, (*self.at, key, index)) for index, value in enumerate(values))

    def _surface(self, key: str, otherwise: Pointer, default: str) -> Text:
        value = getattr(self.surface, key)
        return Text(value, (*self.above, key)) if value else Text(default, otherwise)

    def _of_developer(self, key: str, default: str) -> Text:
        value: Any = getattr(self.given.developer, key) if self.given.developer else None
        return Text(value, (*self.at, "developer", key)) if value else Text(default, ("api", "contact"))


def run(checker: Checker) -> None:
    """Record listings that no store reads, keys that a store does not show, and texts over its limits."""
    listed = {n: s.listing for n, s in checker.written.surfaces.items() if s.listing is not None}
    if not listed:
        return
    stores: dict[str, Store] = {name: m.STORE for name, m in registry.collect(STORES).items()}
    for name, given in listed.items():
        at: Pointer = ("surfaces", name, "listing")
        if name not in stores:
            message = f"`listing` does nothing on the surface `{brief(name)}`: no store reads it"
            help = f"write it at {', '.join(f'`surfaces.{one}`' for one in sorted(stores))}"
            checker.report(at, "idle", message, help, at_value=False)
        elif MCP not in checker.written.surfaces and checker.sound(("surfaces",)):
            message = "a listing needs the surface `mcp`: a plugin's tools are those of the MCP server"
            checker.report(at, "listing", message, "add `surfaces.mcp`", at_value=False)
        else:
            _of_store(checker, at, stores[name], name, given)


def _of_store(checker: Checker, at: Pointer, store: Store, name: str, given: Written) -> None:
    for key in sorted(given.model_fields_set & store.ignores):
        message = f"`{key}` does nothing here: {store.title} has no place for it"
        checker.report((*at, key), "idle", message, "leave it out", at_value=False)
    for index, workflow in enumerate(given.skills or ()):
        where = (*at, "skills", index)
        known = checker.check_reference(where, workflow, ("workflows",), "workflow")
        if known and checker.written.workflows[workflow].only_verify:
            message = f"`{brief(workflow)}` is no user's task: only verify runs it"
            checker.report(where, "listing", message, "leave it out")
    listing = read_listing(checker.written, name, checker.source.folder)
    if listing is None or not checker.sound(("api",)) or not checker.sound(("surfaces", name)):
        return
    for one in store.judge(listing):
        checker.report(
            one.at, "listing", f"{one.message} ({one.code})", one.help, at_value=checker.source.has(one.at)
        )
