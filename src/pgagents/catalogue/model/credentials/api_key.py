"""A key in a header, query parameter or cookie of any name, bare or with a text around it (`Token {key}`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.catalogue.model.credential import PLACEHOLDER, Credential, Kind, Misuse, Place, list_common

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\Z")
"""A field name (RFC 9110, 5.1)."""
_PREFIX = re.compile(
    r"""(?i)\bprefix(?:ed)?(?:\s+(?:the|your|value|key|token|it|is|with|by)){0,4}:?\s+"""
    r"""["'`]([A-Za-z][A-Za-z0-9_-]{0,30})\x20?["'`]"""
)
"""Finds the word before the key in a scheme's description. OpenAPI has no member for it."""
_PLACES: dict[str, Place] = {"header": "header", "query": "query", "cookie": "cookie"}
_CALLED = {"header": "the header", "query": "the query parameter", "cookie": "the cookie"}
_IN_QUERY = re.compile(r"[!-~]{1,64}\Z")
_TAKEN = frozenset(
    (
        *("accept", "connection", "content-encoding", "content-length", "content-type", "cookie", "date"),
        *("expect", "host", "keep-alive", "origin", "proxy-authorization", "referer", "te", "trailer"),
        *("transfer-encoding", "upgrade", "user-agent"),
    )
)
"""Headers that HTTP clients set themselves. They cannot carry a key."""


def _make(name: str, scheme: Mapping[str, Any]) -> Credential:
    lead, _, tail = str(scheme.get("value") or PLACEHOLDER).partition(PLACEHOLDER)
    wire, place = str(scheme["name"]), _PLACES[scheme["in"]]
    return Credential(
        name,
        "api_key",
        wire,
        lead,
        {"type": "apiKey", "in": place, "name": wire},
        how=f"in {_CALLED[place]} {wire}",
        tail=tail,
        place=place,
        **list_common(scheme),
    )


def _read_openapi(scheme: Mapping[str, Any]) -> dict[str, str] | None:
    name, place = scheme.get("name"), scheme.get("in")
    if scheme.get("type") != "apiKey" or not isinstance(name, str) or not isinstance(place, str):
        return None
    found = {"in": place, "name": name}
    if next(_find_misuses(found), None) is not None:
        return None
    in_authorization = place == "header" and name.lower() == "authorization"
    word = _PREFIX.search(str(scheme.get("description", ""))) if in_authorization else None
    return {**found, "value": f"{word[1]} {PLACEHOLDER}"} if word else found


def _find_misuses(scheme: Mapping[str, Any]) -> Iterator[Misuse]:
    place = scheme.get("in")
    if place is None:
        yield Misuse("", "an API key needs `in`, its place", "`in: header`, and `name`, such as X-API-Key")
    elif place not in _PLACES:
        yield Misuse("in", f"`{place}` is not a place of an API key", "one of header, query, cookie")
    called = _CALLED.get(str(place), _CALLED["header"])
    name = scheme.get("name")
    if name is None:
        yield Misuse("", f"an API key needs `name`, {called} that carries it", "such as `name: X-API-Key`")
    else:
        yield from _find_misuses_of_name(str(place), str(name))
    value = str(scheme.get("value") or PLACEHOLDER)
    if value.count(PLACEHOLDER) != 1:
        yield Misuse(
            "value",
            "the value does not have `{key}` once, the place for the key",
            'write `{key}` once, such as `value: "Token {key}"`',
        )
    elif not (value.isascii() and value.isprintable()) or value != value.strip():
        yield Misuse("value", "a header cannot have this value", "ASCII, and no blank at either end")
    elif place == "cookie" and any(c in value for c in ' ",;\\'):
        yield Misuse(
            "value", "a cookie cannot have this value", "no blank, quote, comma or semicolon (RFC 6265)"
        )


def _find_misuses_of_name(place: str, name: str) -> Iterator[Misuse]:
    if place == "query":
        if not _IN_QUERY.match(name):
            yield Misuse(
                "name", "this is not a name of a query parameter", "printable ASCII, such as api_key"
            )
    elif not _TOKEN.match(name):
        example = "session_id" if place == "cookie" else "X-API-Key"
        called = "cookie" if place == "cookie" else "header"
        yield Misuse(
            "name", f"this is not a name of a {called}", f"letters, digits and hyphens, such as {example}"
        )
    elif place != "cookie" and name.lower() in _TAKEN:
        help = (
            "write `in: cookie`, and the cookie's name"
            if name.lower() == "cookie"
            else "name the key's own header"
        )
        yield Misuse("name", f"`{name}` is a header that clients set by themselves", help)


KIND = Kind(
    _make, _read_openapi, "a key in a header, the query or a cookie", ("in", "name", "value"), _find_misuses
)
