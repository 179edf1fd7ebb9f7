"""JSON bodies: `application/json`, `text/json`, and every type that ends with `+json` (RFC 6839).

A merge patch (RFC 7396) is one of them: null removes a member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.base.http import is_json_type, json_bytes
from pgagents.catalogue.encoding.medium import WHOLE, Body, Given, Medium
from pgagents.catalogue.model.action import Action


def _write(action: Action, given: Sequence[Given], more: Mapping[str, Any]) -> Body:
    for param, value in given:
        if param.place == WHOLE:
            return Body(action.content_type, json_bytes(value))
    return Body(action.content_type, json_bytes({**{p.wire: v for p, v in given}, **more}))


BROKEN = (
    ("truncated", "a truncated JSON body is refused", lambda body: body[:-1]),
    ("trailing", "a JSON body with text behind it is refused", lambda body: body + b"x"),
)

MEDIUM = Medium("json", is_json_type, _write, typed=True, rank=1, broken=BROKEN, says="JSON")
