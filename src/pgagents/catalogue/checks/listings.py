"""Check the listings of plugins, their icons and their test cases, within the limits of their stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from pgagents.base import registry
from pgagents.base.jsonschema.direction import OneWay
from pgagents.base.jsonschema.schema import resolve, validator
from pgagents.base.pictures import SUFFIXES, DrawingError, PictureError, find_load, read_drawing, read_picture
from pgagents.base.places import Pointer, Text
from pgagents.base.reading import read_bytes
from pgagents.base.text import brief, did_you_mean, find_word
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.surfaces import MCP, members, resolve_hints
from pgagents.catalogue.language import basics
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.language.schemas import argument_node, schema_nodes
from pgagents.catalogue.language.surfaces import CaseCall, Cases, NegativeCase, PositiveCase
from pgagents.catalogue.language.surfaces import Listing as Written
from pgagents.catalogue.model.listing import Icon, Listing, Translation

STORES = "pgagents.catalogue.checks.stores"


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


def check_listings(checker: Checker) -> None:
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


# -- the file of an icon


MOST_BYTES = 5 * 1024 * 1024
"""Largest part of an icon's file that is read, in bytes. No store accepts more."""
_OUTSIDE = re.compile(r"[/~]|[A-Za-z]:|.*\\|(.*/)?\.\.(/|$)", re.S)


def read_icon(folder: Path, path: Text) -> Icon:
    """Return the icon at a path from the catalogue's folder, or the reason why it was not read.

    Only files below the folder are read, because the catalogue may come from somebody else.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if _OUTSIDE.match(path):
        return Icon(path, suffix, problem="outside")
    try:
        whole = (folder / path).resolve(strict=True)
        if not whole.is_relative_to(folder.resolve(strict=True)):
            return Icon(path, suffix, problem="outside")
        if not whole.is_file():
            return Icon(path, suffix, problem="no_file")
        raw = read_bytes(whole, MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Icon(path, suffix, problem="missing")
    except (OSError, ValueError, RuntimeError):
        return Icon(path, suffix, problem="unreadable")
    return Icon(path, suffix, raw[:MOST_BYTES], large=len(raw) > MOST_BYTES)


# -- icons


@dataclass(frozen=True, slots=True)
class IconLimits:
    """A store's limits for icons: file name endings, pixels of a side, bytes, and its codes.

    The keys of `codes` are `missing`, `no_file`, `outside`, `unreadable`, `format`, `bytes`, `content`,
    `mismatch`, `small`, `large`, `square` and `loads`. Codes of drawings begin with `drawing`.
    """

    suffixes: tuple[str, ...]
    least: int
    most: int
    bytes: int
    codes: Mapping[str, str]
    drawing: str = ""
    other: str = "icon"
    """The code of a problem without its own entry in `codes`."""


_PROBLEMS = {
    "outside": ("leads out of the catalogue's folder", "write a path below it, such as `assets/icon.png`"),
    "missing": ("is not there", "save the icon there; the path begins at the catalogue's folder"),
    "no_file": ("is not a file", "name the file of the icon"),
    "unreadable": ("cannot be read", "is it a file that you may read?"),
}


def judge_icon(icon: Icon | None, limits: IconLimits) -> Iterator[Excess]:
    """Yield the first reason why a store refuses an icon."""
    if icon is None:
        return
    found = _find(icon, limits)
    if found is not None:
        key, says, help = found
        drawn = bool(limits.drawing) and key.startswith(limits.drawing)
        code = key if drawn else limits.codes.get(key, limits.other)
        yield Excess(icon.path.origin, code, f"the icon `{brief(icon.path)}` {says}", help)


def _find(icon: Icon, limits: IconLimits) -> tuple[str, str, str] | None:
    """Return the key of the code, the message and advice; None for an acceptable icon."""
    if icon.problem:
        return (icon.problem, *_PROBLEMS[icon.problem])
    if icon.suffix not in limits.suffixes:
        taken = ", ".join(limits.suffixes)
        shown = f"ends in `{brief(icon.suffix)}`" if icon.suffix else "has no ending"
        return "format", f"{shown}, and the store takes {taken}", f"save it as {limits.suffixes[0]}"
    if icon.large or len(icon.raw) > limits.bytes:
        count = f"more than {MOST_BYTES:,}" if icon.large else f"{len(icon.raw):,}"
        return "bytes", f"has {count} bytes, and the store takes at most {limits.bytes:,}", "save it smaller"
    return _find_in_drawing(icon, limits) if icon.suffix == ".svg" else _find_in_picture(icon, limits)


def _find_in_picture(icon: Icon, limits: IconLimits) -> tuple[str, str, str] | None:
    try:
        picture = read_picture(icon.raw)
    except PictureError as error:
        return "content", f"cannot be decoded: {error}", "save it anew"
    if picture.format != SUFFIXES[icon.suffix]:
        return "mismatch", f"is {picture.format}, other than its name says", "give the name its own ending"
    return _find_in_size(picture.width, picture.height, limits)


def _find_in_size(width: int, height: int, limits: IconLimits) -> tuple[str, str, str] | None:
    shown = f"is {width:,} by {height:,} pixels"
    help = f"save it as a square of {max(limits.least, 512):,} pixels"
    if min(width, height) < limits.least:
        return "small", f"{shown}, and the store takes at least {limits.least:,} by {limits.least:,}", help
    if max(width, height) > limits.most:
        return "large", f"{shown}, and the store takes at most {limits.most:,} by {limits.most:,}", help
    if width != height:
        return "square", f"{shown}, and the store takes a square", help
    return None


def _find_in_drawing(icon: Icon, limits: IconLimits) -> tuple[str, str, str] | None:
    before = limits.drawing
    try:
        width, height = read_drawing(icon.raw)
        loads = find_load(icon.raw)
    except DrawingError as error:
        return before + error.code, f"is not a drawing that the store takes: {error}", "save it anew"
    if loads:
        return "loads", f"has {loads}", "draw it in the file itself, without scripts and links"
    if round(width) != round(height):
        return f"{before}dimensions_not_square", f"is {width:g} by {height:g}", "make its viewBox square"
    if width < limits.least:
        says = f"is {width:g} by {height:g}, and the store takes at least {limits.least}"
        return f"{before}dimensions_too_small", says, "make its viewBox larger"
    return None


# -- texts


_SHORTER = "write fewer characters"


def judge_length(what: str, text: Text, most: int, code: str) -> Iterator[Excess]:
    """Yield a problem if the text has more than `most` characters."""
    if len(text) > most:
        message = f"{what} has {len(text):,} characters, and the store takes at most {most:,}"
        yield Excess(text.origin, code, message, _SHORTER)


def judge_characters(what: str, text: Text, code: str, *, lines: bool = False) -> Iterator[Excess]:
    """Yield a problem if the text has control characters. With `lines`, line breaks are allowed."""
    odd = next((c for c in text if not c.isprintable() and not (lines and c in "\r\n")), None)
    if odd is not None:
        message = f"{what} has the character `{brief(odd)}`, which the store does not show"
        yield Excess(text.origin, code, message, "take it out" if lines else "write one line of plain text")


def judge_url(what: str, url: Text, most: int, code: str, code_long: str) -> Iterator[Excess]:
    """Yield a problem if a URL is not https, holds a user's name, or is longer than `most` characters."""
    parts = urlsplit(url)
    if url and (parts.scheme != "https" or not parts.hostname or "@" in parts.netloc):
        message = f"{what} is `{brief(url)}`; the store takes an https URL without a user's name"
        yield Excess(url.origin, code, message, "write `https://…`")
    yield from judge_length(what, url, most, code_long)


def judge_contrast(what: str, colour: Text, against: str, code: str) -> Iterator[Excess]:
    """Yield a problem if a colour has less than 2:1 contrast against another (WCAG 2.2, contrast ratio)."""
    if not colour:
        return
    bright, dark = sorted((_luminance(colour), _luminance(against)), reverse=True)
    ratio = (bright + 0.05) / (dark + 0.05)
    if ratio < 2:
        message = (
            f"{what} is {colour}, with a contrast of {ratio:.2f}:1 against {against}; the store asks 2:1"
        )
        yield Excess(colour.origin, code, message, "choose another colour")


def _luminance(colour: str) -> float:
    """Return the relative luminance of `#RRGGBB`, from 0 to 1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# -- test cases


_KINDS = ("not_offered", "refused", "asks_first")


def check_cases(checker: Checker) -> None:
    """Record cases without a listed plugin, and cases that cannot be tried as they are written."""
    given = {name: s.cases for name, s in checker.written.surfaces.items() if s.cases is not None}
    if not given:
        return
    stores: dict[str, Store] = {name: m.STORE for name, m in registry.collect(STORES).items()}
    for name, cases in given.items():
        at: Pointer = ("surfaces", name, "cases")
        if name not in stores or checker.written.surfaces[name].listing is None:
            if checker.sound(("surfaces", name, "listing")):
                message = f"`cases` does nothing on the surface `{brief(name)}`: it lists no plugin"
                help = f"write it beside the `listing` of {', '.join(f'`{one}`' for one in sorted(stores))}"
                checker.report(at, "idle", message, help, at_value=False)
        elif MCP in checker.written.surfaces:
            _Cases(checker, at, cases, stores[name]).run()


class _Cases:
    """The cases of one store."""

    def __init__(self, checker: Checker, at: Pointer, cases: Cases, store: Store) -> None:
        self.checker, self.at, self.cases, self.store = checker, at, cases, store
        self.offered = members(checker, MCP)
        self._sent: OneWay | None = None

    def run(self) -> None:
        self._count()
        for name, case in self.cases.positive.items():
            self._positive((*self.at, "positive", name), case)
        for name, negative in self.cases.negative.items():
            at = (*self.at, "negative", name)
            if name in self.cases.positive:
                message = f"`{brief(name)}` is also the name of a positive case"
                self.checker.report(at, "listing", message, "rename one of the two", at_value=False)
            self._negative(at, negative)
        for kind in ("positive", "negative"):
            for name, one in getattr(self.cases, kind).items():
                self._texts((*self.at, kind, name), one)

    def _count(self) -> None:
        for kind, asked in zip(("positive", "negative"), self.store.cases or (), strict=False):
            count = len(self.checker.in_file((*self.at, kind)))
            if count != asked:
                message = f"{self.store.title} takes exactly {asked} {kind} cases, and here are {count}"
                help = f"write {asked} under `{kind}`"
                at = (*self.at, kind) if count else self.at
                self.checker.report(at, "listing", f"{message} (review.test_cases)", help, at_value=False)

    def _texts(self, at: Pointer, case: PositiveCase | NegativeCase) -> None:
        for key in ("prompt", "description", "outcome"):
            text = getattr(case, key, None) or ""
            if len(text) > self.store.longest_case:
                most = f"{self.store.longest_case:,}"
                message = f"`{key}` has {len(text):,} characters, and the store takes at most {most}"
                self.checker.report((*at, key), "listing", message, "write fewer characters")

    def _positive(self, at: Pointer, case: PositiveCase) -> None:
        earlier: list[str] = []
        for index, call in enumerate(case.calls):
            here = (*at, "calls", index)
            if self._tool((*here, "tool"), call.tool):
                self._arguments((*here, "arguments"), call)
            self.checker.values((*here, "arguments"), call.arguments, {"env", "now", *earlier})
            self._name(here, call, earlier)
            earlier.append(call.name or call.tool)
        for index, text in enumerate(case.expect):
            names = {"env", "now", "input", "response", *earlier}
            self.checker.compile((*at, "expect", index), text, names)

    def _name(self, at: Pointer, call: CaseCall, earlier: Iterable[str]) -> None:
        name = call.name or call.tool
        where = (*at, "name") if call.name else (*at, "tool")
        if name in basics.STEP:
            message = f"`{brief(name)}` means something else in expressions"
            self.checker.report(where, "listing", message, "give the call another `name`")
        elif name in earlier:
            message = f"two calls of this case have the name `{brief(name)}`"
            self.checker.report(where, "listing", message, "give this one a `name` of its own")

    def _tool(self, at: Pointer, tool: str) -> bool:
        """Record a tool that the plugin does not offer; return True if it is offered."""
        if tool in self.offered and tool in self.checker.written.actions:
            return True
        if self.checker.sound(("surfaces", MCP)) and self.checker.sound(("actions",)):
            message = f"`{brief(tool)}` is not a tool that this plugin offers"
            help = did_you_mean(tool, self.offered) or "the tools are the actions of `surfaces.mcp`"
            self.checker.report(at, "listing", message, help)
        return False

    def _arguments(self, at: Pointer, call: CaseCall) -> None:
        """Record arguments that are unknown to the tool, missing, or refused by its schema."""
        self._names(at, call.tool, call.arguments)
        action, mcp = self.checker.written.actions[call.tool], self.checker.written.surfaces[MCP]
        narrow = mcp.narrow.get(call.tool, {})
        for name, param in action.input.items():
            needed = param.required or (name in narrow and narrow[name].required)
            if needed and name not in call.arguments:
                where = at if self.checker.source.has(at) else at[:-1]
                message = f"`{call.tool}` needs the argument `{name}`"
                self.checker.report(where, "listing", message, f"write `{name}: …`", at_value=False)
            elif name in call.arguments:
                self._value((*at, name), call.tool, name, call.arguments[name])

    def _names(self, at: Pointer, tool: str, given: Mapping[str, Any]) -> None:
        self.checker.arguments(at, given, tool)
        for name in self.checker.written.surfaces[MCP].omit.get(tool, ()):
            if name in given:
                message = f"the tool `{tool}` does not take `{name}`: `surfaces.mcp.omit` leaves it out"
                self.checker.report((*at, name), "listing", message, "leave it out", at_value=False)

    def _value(self, at: Pointer, tool: str, name: str, value: Any) -> None:
        """Record a value that the tool's schema refuses.

        A value with expressions is unknown before the run.
        """
        place: Pointer = ("actions", tool, "input", name)
        if _has_expression(value) or not self.checker.sound(place) or not self.checker.sound(("schemas",)):
            return
        narrowed = self.checker.written.surfaces[MCP].narrow.get(tool, {}).get(name)
        if self._sent is None:
            self._sent = OneWay(schema_nodes(self.checker.written, self.checker.data)[0], "sent")
        named = {**self._sent.schemas, **self._sent.variants}
        argument = argument_node(self.checker.data["actions"][tool]["input"][name], place)
        schema: Mapping[str, Any] = self._sent.adapt(argument)
        if narrowed is not None:
            own = narrowed.model_dump(by_alias=True, exclude_unset=True, exclude={"as_", "required"})
            schema = {**resolve(schema, named), **own}
        try:
            error = next(iter(validator(schema, named).iter_errors(value)), None)
        except ValueError:
            return  # the schema itself is wrong, and its own check says so
        if error is not None:
            said = " ".join(error.message.split())
            said = said if len(said) <= 200 else f"…{said[-199:]}"
            message = f"the tool's schema refuses this: {said}"
            self.checker.report((*at, *error.instance_path), "listing", message, f"see `{tool}`")

    def _negative(self, at: Pointer, case: NegativeCase) -> None:
        given = [kind for kind in _KINDS if getattr(case, kind) is not None]
        if len(given) != 1 and self.checker.sound(at):
            message = f"a negative case has exactly one of {', '.join(f'`{kind}`' for kind in _KINDS)}"
            self.checker.report(at, "listing", message, "say what stands in the way", at_value=False)
        if case.refused is not None:
            self._refused((*at, "refused"), case)
        if case.asks_first is not None:
            self._asks_first((*at, "asks_first"), case.asks_first)
        for index, words in enumerate(case.not_offered or ()):
            if found := next(self._list_speaking(words), None):
                message = f"the tool `{found[0]}` speaks of it: `{brief(words)}` is in its {found[1]}"
                help = "write other words, or prompt for something that no tool does"
                self.checker.report((*at, "not_offered", index), "listing", message, help)

    def _refused(self, at: Pointer, case: NegativeCase) -> None:
        call = case.refused
        assert call is not None
        self.checker.values((*at, "arguments"), call.arguments, {"env", "now"})
        known = self.checker.check_reference((*at, "code"), call.code, ("errors", "codes"), "error code")
        if not self._tool((*at, "tool"), call.tool):
            return
        self._names((*at, "arguments"), call.tool, call.arguments)
        declared = [*self.checker.written.actions[call.tool].errors, *self.checker.written.errors.always]
        if known and call.code not in declared:
            message = f"`{call.tool}` does not declare the code `{brief(call.code)}`"
            help = did_you_mean(call.code, declared) or f"it declares {', '.join(declared)}"
            self.checker.report((*at, "code"), "listing", message, help)

    def _asks_first(self, at: Pointer, tool: str) -> None:
        if not self._tool(at, tool) or not self.checker.sound(("actions", tool)):
            return
        action = self.checker.written.actions[tool]
        if not resolve_hints(self.checker.written, tool, action, ("actions", tool)).destructive.value:
            message = f"no host asks before `{tool}`: its hints say that it destroys nothing"
            help = "name a tool that is destructive or costs money"
            self.checker.report(at, "listing", message, help)

    def _list_speaking(self, words: str) -> Iterator[tuple[str, str]]:
        """Yield each tool whose texts contain the words, with the text."""
        for name in self.offered:
            action = self.checker.written.actions.get(name)
            if action is None:
                continue
            own = action.texts.get(MCP)
            texts = {
                "name": (own.name if own else None) or name,
                "title": (own.title if own else None) or action.title,
                "description": (own.description if own else None) or action.description,
            }
            yield from ((name, what) for what, text in texts.items() if text and find_word(words, text))


def _has_expression(value: Any) -> bool:
    """True if a value holds an expression anywhere."""
    if isinstance(value, str):
        return value.startswith("=")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_expression, inner))
