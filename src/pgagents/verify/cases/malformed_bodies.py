"""Edit the bytes of a valid JSON body: add a member, double one, or make it too long."""

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
    """Return the object with this member before its own."""
    return b"{" + member + (b"," if len(body) > 2 else b"") + body[1:]


def wrap_in_list(body: bytes) -> bytes:
    """Return a list that holds the object, followed by values that a parser or a log may fail on."""
    return b"[" + body + b',%s,"\\ud800"]' % (b"9" * 400)


def double_member(body: bytes) -> bytes:
    """Return the object with its first member twice, with the same value."""
    members = json.loads(body)
    name = next(iter(members), "pgv")
    return with_member(body, json_bytes(name) + b":" + json_bytes(members.get(name, 1)))


def pad_body(body: bytes, size: int, *, wide: bool) -> bytes:
    """Return the body padded to `size` bytes.

    If `wide`, its last text is lengthened with two-byte characters, so that a server must read the whole body
    and count bytes.
    """
    if not wide:
        return body + b" " * (size - len(body))
    members: dict[str, Any] = json.loads(body)
    name = next((n for n, value in reversed(members.items()) if isinstance(value, str)), "pgv")
    text = members.get(name, "")
    left = size - len(json_bytes({**members, name: text}))
    found = json_bytes({**members, name: text + WIDE * (left // len(WIDE.encode()))})
    return found + b" " * (size - len(found))


def number_left_out(setting: Setting, endpoint: Endpoint) -> bytes:
    """Return the JSON-encoded name of a number that the ordinary body does not have, or of an unknown member.

    Adding NaN under that name breaks nothing else.
    """
    given = template_of(setting.model, endpoint.action).input
    numbers = (
        p
        for p in endpoint.params
        if p.place == "body" and setting.resolve_schema(p.schema).get("type") in ("number", "integer")
    )
    found = (
        next((p.wire for p in numbers if str(p.name) not in given), "pgv_nan")
        if endpoint.on_rest
        else "pgv_nan"
    )
    return json_bytes(found)
