"""A key in a header of any name, bare or with a text around it (`Token {key}`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.model.credential import PLACEHOLDER, Credential, Kind, Misuse, list_common

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\Z")
"""A field name (RFC 9110, 5.1)."""
_PREFIX = re.compile(r"""\bprefix:?\s+["'`]([A-Za-z][A-Za-z0-9_-]{0,30})["'`]""")
"""How a document may name the word before the key, which OpenAPI has no member for."""
_TAKEN = frozenset(
    (
        *("accept", "connection", "content-encoding", "content-length", "content-type", "cookie", "date"),
        *("expect", "host", "keep-alive", "origin", "proxy-authorization", "referer", "te", "trailer"),
        *("transfer-encoding", "upgrade", "user-agent"),
    )
)
"""Headers that clients set by themselves, so that a key cannot stand there."""


def _make(name: str, scheme: Mapping[str, Any]) -> Credential:
    lead, _, tail = str(scheme.get("value") or PLACEHOLDER).partition(PLACEHOLDER)
    header = str(scheme["name"])
    return Credential(
        name,
        "api_key",
        header,
        lead,
        {"type": "apiKey", "in": "header", "name": header},
        how=f"in the header {header}",
        tail=tail,
        **list_common(scheme),
    )


def _read_openapi(scheme: Mapping[str, Any]) -> dict[str, str] | None:
    name = scheme.get("name")
    if scheme.get("type") != "apiKey" or scheme.get("in") != "header" or not isinstance(name, str):
        return None
    found = {"in": "header", "name": name}
    if next(_find_misuses(found), None) is not None:
        return None
    word = _PREFIX.search(str(scheme.get("description", ""))) if name.lower() == "authorization" else None
    return {**found, "value": f"{word[1]} {PLACEHOLDER}"} if word else found


def _find_misuses(scheme: Mapping[str, Any]) -> Iterator[Misuse]:
    if scheme.get("in") is None:
        yield Misuse("", "an API key needs `in: header`", "and `name`, the header's name, such as X-API-Key")
    elif scheme["in"] != "header":
        yield Misuse("in", f"`{scheme['in']}` is no place of an API key", "write `in: header`")
    name = scheme.get("name")
    if name is None:
        yield Misuse("", "an API key needs `name`, the header that carries it", "such as `name: X-API-Key`")
    elif not _TOKEN.match(str(name)):
        yield Misuse("name", "this is no name of a header", "letters, digits and hyphens, such as X-API-Key")
    elif str(name).lower() in _TAKEN:
        yield Misuse(
            "name", f"`{name}` is a header that clients set by themselves", "name the key's own header"
        )
    value = str(scheme.get("value") or PLACEHOLDER)
    if value.count(PLACEHOLDER) != 1:
        yield Misuse(
            "value",
            "the value has no place for the key",
            'write `{key}` once, such as `value: "Token {key}"`',
        )
    elif not (value.isascii() and value.isprintable()) or value != value.strip():
        yield Misuse("value", "a header cannot have this value", "ASCII, and no blank at either end")


KIND = Kind(_make, _read_openapi, "a key in a header", ("in", "name", "value"), _find_misuses)
