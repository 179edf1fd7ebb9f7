"""The pages of a list: where the items are in an answer, and what requests the next page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from pgagents.cel.expression import Expression
from pgagents.cel.scope import Scope
from pgagents.http import Response
from pgagents.source.source import Pointer

if TYPE_CHECKING:
    from pgagents.model.answers.error_code import Code

LINK = "link"
MOST_LINKS = 8_000
"""Longest `Link` header that is read, in characters."""
_LINK = re.compile(r"<([^<>]*)>((?:[^,<\"]|\"(?:[^\"\\]|\\.)*\")*)")
_PARAMETER = re.compile(r";\s*([^\s=;,\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]+))")


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a list.

    `next` gives the next value of `argument`, or the next page's URL if `is_url`. `bound` is the error for a
    page that is requested with other arguments than the first.
    """

    items: Expression
    next: Expression
    argument: str
    more: Expression | None
    size: str | None
    bound: Code | None
    is_url: bool
    origin: Pointer
    inferred: bool = False
    """True if the pages were inferred from names. An answer that contradicts them is odd, not broken."""
    bound_to: tuple[str, ...] = ()
    """The arguments that must be the same for every page; empty for all."""
    stable: bool = False
    """True if an item that remains in the list is on exactly one page while others are added or removed."""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The three kinds of expressions: the list, the next page, and the condition for another page."""
        return (self.items, self.next) if self.more is None else (self.items, self.next, self.more)


@dataclass(frozen=True, slots=True)
class NextPage:
    """The request for another page. `value` is the argument's value, `url` the address if there is one.

    `missing` is true if the answer announces a page but does not say which.
    """

    value: Any
    url: str = ""
    missing: bool = False


def headers_of(response: Response) -> dict[str, Any]:
    """Return the headers for expressions: by lower-case name, and `link` as a mapping of its relations.

    Repeated headers are joined (RFC 9110, 5.3).
    """
    found: dict[str, str] = {}
    for name, value in response.headers:
        small = name.lower()
        found[small] = f"{found[small]}, {value}" if small in found else value
    return read_headers(found)


def read_headers(given: Mapping[str, str]) -> dict[str, Any]:
    """Return headers by their names in lower case as expressions read them."""
    found: dict[str, Any] = dict(given)
    if LINK in found:
        found[LINK] = links_of(found[LINK])
    return found


def links_of(text: str) -> dict[str, str]:
    """Return the first target of each relation in a `Link` header (RFC 8288)."""
    found: dict[str, str] = {}
    for target, parameters in _LINK.findall(text[:MOST_LINKS]):
        told = (
            quoted or word for name, quoted, word in _PARAMETER.findall(parameters) if name.lower() == "rel"
        )
        for relation in next(told, "").lower().split():
            found.setdefault(relation, target)
    return found


def values_for(given: Mapping[str, Any], body: Any, response: Response | None) -> dict[str, Any]:
    """Return the variables that the expressions of pages read."""
    return {"input": given, "response": body, "headers": headers_of(response) if response else {}}


def items_of(pages: Pages, values: Mapping[str, Any]) -> list[Any] | None:
    """Return the items of a page; None if the answer has no list there."""
    found = Scope(values).find_value(pages.items)
    return found if isinstance(found, list) else None


def find_next_page(pages: Pages, values: Mapping[str, Any]) -> NextPage | None:
    """Return the request for the next page; None on the last page."""
    scope = Scope(values)
    if pages.more is not None:
        if not scope.is_true(pages.more):
            return None
    elif not items_of(pages, values) and not _told_by_answer(pages):
        return None
    value = scope.find_value(pages.next)
    if value is None or value is False or value == "":
        return NextPage(None, missing=True) if pages.more is not None else None
    if not pages.is_url:
        return NextPage(int(value) if isinstance(value, float) and value.is_integer() else value)
    if not isinstance(value, str):
        return NextPage(None, missing=True)
    return NextPage(_argument_in(pages, value), value)


def _told_by_answer(pages: Pages) -> bool:
    """True if a member or a header announces the next page. An empty page need not be the last one then."""
    return pages.is_url or "input" not in pages.next.names


def _argument_in(pages: Pages, url: str) -> str | None:
    """Return the argument's value in a URL's query, or None."""
    try:
        return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)).get(pages.argument)
    except ValueError:
        return None
