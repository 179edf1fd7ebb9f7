"""Encode a call of an action: its target, its headers and its body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.encoding.medium import WHOLE, Body, has_body, write_body
from pgagents.encoding.style import encode, join, keep_reserved, pairs
from pgagents.http import text_of
from pgagents.model.action import Action

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
