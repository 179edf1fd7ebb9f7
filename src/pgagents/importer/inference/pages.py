"""Infer how to get a list's next page from the names and types of arguments and answers.

Each inference is noted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.importer.inference.listing import Listing, describe_listing
from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.note import Notes
from pgagents.jsonschema.parts import Schema, is_type

_SIZES = re.compile(r"limit|(per_?)?page_?size|per_?page|max_?results|page_?limit", re.I)
_PAGES = re.compile(r"page|page_?(number|no|num|index)", re.I)
_SKIPPED = re.compile(r"offset|skip", re.I)
_COUNTS = re.compile(r"(total_?)?pages?(_?count)?|page_?count|total_?pages|last_?page", re.I)
_CURRENT = re.compile(r"page|current_?page|page_?(number|no)", re.I)
_AFTER = re.compile(r"(starting_)?after(_id)?|since_id", re.I)
_CURSORS = re.compile(r"cursor|page_?token|marker|after|continuation(_?token)?|page|offset", re.I)
_MORE = re.compile(r"has_?more|has_?next(_?page)?|more", re.I)
_URLS = frozenset(("uri", "uri-reference"))


def infer_pages(made: list[ImportedAction], named: Mapping[str, Any], notes: Notes) -> None:
    """Add `pages` to the reads whose arguments and answers show how to get the next page."""
    for one in made:
        listing = describe_listing(one, named) if one.action["effect"] == "read" else None
        found = next(_ways(listing), None) if listing is not None else None
        if listing is None or found is None:
            continue
        argument, following, more, why = found
        size = _first(listing.arguments, _SIZES, ("integer",), argument)
        pages: dict[str, Any] = {
            "inferred": True,
            "items": listing.items,
            "next": following,
            "argument": argument,
        }
        pages |= {"more": more} if more else {}
        pages |= {"size": size} if size else {}
        one.action["pages"] = pages
        notes.infer(("actions", one.name, "pages"), f"from {why}")


def _ways(listing: Listing) -> Iterator[tuple[str, str, str, str]]:
    """Yield each possible way to the next page: argument, `next`, `more` and the reason, the most certain
    first.
    """
    more = next(
        (p for p, s in listing.members.items() if _MORE.fullmatch(_last(p)) and is_type(s, ("boolean",))), ""
    )
    for name, argument in listing.arguments.items():
        told = [p for p, s in listing.members.items() if _names_next(_last(p), name) and _same(s, argument)]
        if len(told) == 1:
            yield name, told[0], "", f"`{name}` and `{_last(told[0])}`"
    carried = next((n for n in listing.arguments if _CURSORS.fullmatch(n)), "")
    urls = [p for p, s in listing.members.items() if s.get("format") in _URLS and "next" in p.lower()]
    if carried and len(urls) == 1:
        yield carried, urls[0], "", f"`{carried}` and the URL `{_last(urls[0])}`"
    if carried and listing.links:
        yield carried, "headers.link.next", "", f"`{carried}` and the header Link"
    after = next((n for n in listing.arguments if _AFTER.fullmatch(n)), "")
    if after and more and "id" in listing.item.get("properties", {}):
        yield after, f"{listing.items}[-1].id", more, f"`{after}` and `{_last(more)}`"
    yield from _counted(listing, more)


def _counted(listing: Listing, more: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the ways that count pages or items, if the answer has their total number."""
    page = _first(listing.arguments, _PAGES, ("integer",))
    total = next(
        (
            p
            for p, s in listing.members.items()
            if _COUNTS.fullmatch(_last(p)) and not _CURRENT.fullmatch(_last(p)) and is_type(s, ("integer",))
        ),
        "",
    )
    if page and (total or more) and "default" in listing.arguments[page]:
        told = more or total
        yield page, f"input.{page} + 1.0", more or f"input.{page} < {total}", f"`{page}` and `{_last(told)}`"
    offset = _first(listing.arguments, _SKIPPED, ("integer",))
    size = _first(listing.arguments, _SIZES, ("integer",))
    if offset and size:
        held = f"size({listing.items})"
        known = "default" in listing.arguments[offset]
        following = f"input.{offset} + {held}"
        following = following if known else f"has(input.{offset}) ? {following} : {held}"
        yield offset, following, more, f"`{offset}` and `{size}`"


def _names_next(member: str, argument: str) -> bool:
    plain = re.sub(r"[_-]", "", member.lower())
    return plain == f"next{re.sub(r'[_-]', '', argument.lower())}"


def _same(told: Schema, argument: Schema) -> bool:
    """True if the argument can take the value of a member."""
    return any(is_type(told, (kind,)) and is_type(argument, (kind,)) for kind in ("string", "integer"))


def _first(
    arguments: Mapping[str, Schema], names: re.Pattern[str], kinds: tuple[str, ...], but: str = ""
) -> str:
    """Return the first argument with one of these names and types, or an empty text."""
    return next(
        (n for n, s in arguments.items() if n != but and names.fullmatch(n) and is_type(s, kinds)), ""
    )


def _last(path: str) -> str:
    return path.rpartition(".")[2]
