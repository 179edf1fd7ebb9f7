"""Bodies that are nearly right, in bytes: with a member more, one twice, or too long."""

from __future__ import annotations

import json
from typing import Any

from pgagents.http import json_bytes
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.wire.endpoint import Endpoint

WIDE = "é"
"""A character of two bytes."""


def with_member(body: bytes, member: bytes) -> bytes:
    """The object with this member before its own."""
    return b"{" + member + (b"," if len(body) > 2 else b"") + body[1:]


def listed(body: bytes) -> bytes:
    """A list with the object in it, and behind that what a reader, or who writes down what came, may stumble over."""
    return b"[" + body + b',%s,"\\ud800"]' % (b"9" * 400)


def doubled(body: bytes) -> bytes:
    """The first member once more: found by its name, with another value before it."""
    members = json.loads(body)
    name = next(iter(members), "pgv")
    return with_member(body, json_bytes(name) + b":" + json_bytes(members.get(name, 1)))


def padded(body: bytes, size: int, *, wide: bool) -> bytes:
    """The body with so many bytes; `wide`: in half as many characters, behind the last of its texts, so that all of it must be read."""
    if not wide:
        return body + b" " * (size - len(body))
    members: dict[str, Any] = json.loads(body)
    name = next((n for n, value in reversed(members.items()) if isinstance(value, str)), "pgv")
    text = members.get(name, "")
    left = size - len(json_bytes({**members, name: text}))
    found = json_bytes({**members, name: text + WIDE * (left // len(WIDE.encode()))})
    return found + b" " * (size - len(found))


def number_left_out(setting: Setting, endpoint: Endpoint) -> bytes:
    """The name in JSON of a number that an ordinary body has not, so that nothing else is wrong with it; else one of no member."""
    given = template_of(setting.model, endpoint.action).input
    numbers = (p for p in endpoint.params if p.place == "body" and setting.named(p.schema).get("type") in ("number", "integer"))
    found = next((p.wire for p in numbers if str(p.name) not in given), "pgv_nan") if endpoint.on_rest else "pgv_nan"
    return json_bytes(found)
