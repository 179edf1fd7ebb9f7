"""Encode a call of an action: its target, its headers and its body, with lists and objects as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pgagents.base.http import text_of
from pgagents.catalogue.encoding.medium import WHOLE, Body, has_body, write_body
from pgagents.catalogue.model.action import Action, Param

COOKIE = "Cookie"
COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A token (RFC 6265, 4.1.1)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a request that depend on arguments.

    `headers` lack the Content-Type, which is in `body`.
    """

    target: str
    headers: tuple[tuple[str, str], ...]
    body: Body | None


def encode_call(action: Action, values: Mapping[str, Any]) -> Parts:
    """Return the parts of a REST call, with arguments in the order of `values`.

    Unknown arguments are sent in the body, or in the query if the action has no body.
    """
    params = {str(p.name): p for p in action.params}
    path, query = str(action.path), []
    headers = [(name, str(value)) for name, value in action.headers]
    cookies: list[str] = []
    in_body: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for name, value in values.items():
        param = params.get(name)
        if param is None:
            more[name] = value
        elif param.place == "path":
            text = text_of(value)
            path = path.replace(f"{{{param.wire}}}", keep_reserved(text) if param.reserved else encode(text))
        elif param.place == "query":
            query += pairs(param, value)
        elif param.place == "header":
            headers.append((param.wire, text_of(value)))
        elif param.place == "cookie":
            cookies.append(f"{param.wire}={encode(text_of(value))}")
        else:
            in_body[name] = value
    if cookies:
        headers.append((COOKIE, "; ".join(cookies)))
    body = None
    whole = next((str(p.name) for p in action.params if p.place == WHOLE), None)
    if whole is not None:
        body = write_body(action, in_body) if whole in in_body else None
    elif has_body(action):
        body = write_body(action, in_body, more)
    if whole is not None or not has_body(action):
        query += [
            (encode(name), encode(text_of(item)))
            for name, value in more.items()
            for item in (value if isinstance(value, list) else [value])
        ]
    return Parts(path + ("?" + join(query) if query else ""), tuple(headers), body)


# -- the styles of OpenAPI


FORM, SPACES, PIPES, DEEP = "form", "spaceDelimited", "pipeDelimited", "deepObject"
SEPARATORS = {FORM: ",", SPACES: "%20", PIPES: "%7C"}
"""The text between the items of a list that is sent as one value."""
FORBIDDEN = {SPACES: " ", PIPES: "|"}
"""Characters that no item may contain, because percent-encoding turns them into the separator."""
MAX_NESTED = 20
"""Most levels of brackets. A value from outside may be nested more deeply."""


def pairs(param: Param, value: Any) -> list[tuple[str, str]]:
    """Return the encoded pairs of an argument. An empty list or object has none."""
    return list(_pairs(param, value))


def join(written: Iterable[tuple[str, str]]) -> str:
    """Return encoded pairs as one query or form."""
    return "&".join(f"{name}={value}" for name, value in written)


def encode(text: str) -> str:
    """Return a text with all but unreserved characters percent-encoded."""
    return quote(text, safe="")


def _pairs(param: Param, value: Any) -> Iterator[tuple[str, str]]:
    name = encode(param.wire)
    if param.json:
        yield name, encode(json.dumps(value, separators=(",", ":")))
    elif value is None and param.in_body:
        yield name, ""
    elif param.style == DEEP and isinstance(value, Mapping | list):
        yield from _deep(name, value, 0)
    elif isinstance(value, Mapping):
        if param.explode:
            yield from ((encode(str(k)), encode(text_of(v))) for k, v in value.items())
        elif value:
            parts = [part for k, v in value.items() for part in (encode(str(k)), encode(text_of(v)))]
            yield name, SEPARATORS[param.style or FORM].join(parts)
    elif isinstance(value, list):
        if param.explode:
            yield from ((name, encode(text_of(item))) for item in value)
        elif value:
            yield name, SEPARATORS[param.style or FORM].join(encode(text_of(item)) for item in value)
    else:
        yield name, keep_reserved(text_of(value)) if param.reserved else encode(text_of(value))


def _deep(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Write nested values with brackets, as Stripe, Rails, PHP and `qs` read them.

    A list of plain values is `name[]`. Other lists number their items, because `name[]` could not separate
    them.
    """
    if depth > MAX_NESTED:
        raise ValueError(f"nested more than {MAX_NESTED} levels deep")
    if isinstance(value, Mapping):
        for member, inner in value.items():
            yield from _deep(f"{name}%5B{encode(str(member))}%5D", inner, depth + 1)
    elif isinstance(value, list):
        plain = not any(isinstance(item, Mapping | list) for item in value)
        for number, item in enumerate(value):
            yield from _deep(f"{name}%5B{'' if plain else number}%5D", item, depth + 1)
    else:
        yield name, encode(text_of(value)) if value is not None else ""


def keep_reserved(text: str) -> str:
    """Percent-encode a text except for reserved characters.

    Those that would end a query's value are encoded.
    """
    return quote(text, safe="/:?@!$'()*,;[]~")


def unsendable(param: Param, value: Any) -> str:
    """Return why a value cannot be written in this argument's style; empty if it can."""
    if not isinstance(value, Mapping | list):
        alone = param.in_parts and not (value is None and param.in_body)
        return "it is sent in parts, and a single value has none" if alone else ""
    if param.style == DEEP:
        return _unsaid(value, 0, nulls=param.in_body)
    items = list(value.values()) if isinstance(value, Mapping) else value
    if any(isinstance(item, Mapping | list) for item in items):
        return f"the style `{param.style}` has no form for a list or object inside"
    if any(item is None for item in items):
        return "text has no form for null"
    mark = "" if param.explode else FORBIDDEN.get(param.style, "")
    if mark and any(mark in text_of(item) for item in items):
        return f"no item may hold {'a space' if mark == ' ' else mark!r}, which separates items"
    return ""


def _unsaid(value: Any, depth: int, *, nulls: bool) -> str:
    if depth > MAX_NESTED:
        return f"it is nested more than {MAX_NESTED} levels deep"
    if value is None and not nulls:
        return "text has no form for null"
    if depth and isinstance(value, Mapping | list) and not value:
        return "brackets have no form for an empty list or object"
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return next((why for item in inner if (why := _unsaid(item, depth + 1, nulls=nulls))), "")
