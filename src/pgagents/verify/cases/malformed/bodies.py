"""Edit the bytes of a valid body: add a member, repeat one, break the syntax, or make it too long."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pgagents.encoding.medium import JSON, WHOLE, has_body, list_types, medium_of_action
from pgagents.http import json_bytes
from pgagents.source.source import Pointer
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import Endpoint

NEAR = "-pgv"
"""Changes a media type into an unknown one. A server that only compares the beginning accepts it wrongly."""


MOST_BODY = 32_000_000
"""Largest body that is sent to test a limit, in bytes. Few servers take more; Kestrel's usual limit is
30,000,000.
"""
WIDE = "é"
"""A character of two bytes in UTF-8."""
TEXT = "text"


def with_member(body: bytes, member: bytes) -> bytes:
    """Return the body with this member before the others."""
    return b"{" + member + (b"," if len(body) > 2 else b"") + body[1:]


def wrap_in_list(body: bytes) -> bytes:
    """Return a list with the body and further values on which a parser or a log may fail."""
    return b"[" + body + b',%s,"\\ud800"]' % (b"9" * 400)


def double_member(body: bytes) -> bytes:
    """Return the body with its first member twice, both times with the same value."""
    members = json.loads(body)
    name = next(iter(members), "pgv")
    return with_member(body, json_bytes(name) + b":" + json_bytes(members.get(name, 1)))


def pad_body(body: bytes, size: int, *, wide: bool) -> bytes:
    """Return the body padded to `size` bytes.

    If `wide`, its last text is extended with two-byte characters, so that a server must count bytes instead
    of characters.
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
    """Return, as JSON, the name of a number that the ordinary body lacks; else an unknown member's name.

    A NaN under that name is the body's only error.
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


@dataclass(frozen=True, slots=True)
class OtherBody:
    """A way to send a body. `key` names the member of `errors.framework` that must refuse it; empty if it
    must be accepted.
    """

    detail: str
    says: str
    key: Literal["", "wrong_type", "bad_body", "too_large"]
    raw: Raw
    input: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that replace the ordinary ones."""
    size: int = 0
    """The size of a body that is made for its size, in bytes. One beyond MOST_BODY is not made."""


def writers(setting: Setting) -> list[Endpoint]:
    """Return one REST endpoint for each media type of a body other than JSON. Those whose effect can be
    undone are preferred.
    """
    undoable = {id(r.made_by.action) for r in setting.model.resources.values() if r.made_by and r.undone_by}
    found: dict[str, Endpoint] = {}
    for endpoint in setting.endpoints:
        kind = endpoint.action.content_type
        if not (endpoint.on_rest and endpoint.ordinary and kind != JSON and has_body(endpoint.action)):
            continue
        if kind not in found or (id(endpoint.action) in undoable and id(found[kind].action) not in undoable):
            found[kind] = endpoint
    return list(found.values())


def name_of(endpoint: Endpoint) -> str:
    """Return a short name of the body's type: `form`, or `merge-patch+json`."""
    medium = medium_of_action(endpoint.action)
    return endpoint.action.content_type.partition("/")[2] if medium.name == "json" else medium.name


def find_body_limit(setting: Setting, endpoint: Endpoint) -> int | None:
    """Return the maximum size of a body in bytes; None if the catalogue sets none."""
    return endpoint.action.max_body_bytes if endpoint.on_rest else setting.model.limits.max_body_bytes


def find_limit_origin(setting: Setting, endpoint: Endpoint) -> Pointer:
    """Return where the catalogue says how large a body may be."""
    shared = find_body_limit(setting, endpoint) == setting.model.limits.max_body_bytes
    return ("limits", "max_body_bytes") if shared else (*endpoint.action.origin, "max_body_bytes")


def _sizes(setting: Setting, endpoint: Endpoint, name: str) -> Iterator[OtherBody]:
    """Yield a body of the greatest allowed size, and a larger one.

    Nothing is yielded unless the action has a limit of its own, and a single text as its body.
    """
    most = find_body_limit(setting, endpoint)
    whole = next((p for p in endpoint.params if p.place == WHOLE and p.file is None), None)
    if most is None or most == setting.model.limits.max_body_bytes or whole is None or name != TEXT:
        return
    if not {"maxLength", "pattern", "enum", "const"} & setting.resolve_schema(whole.schema).keys():
        says = f"a text of {most:,} bytes is accepted"
        text = "x" * (most if most <= MOST_BODY else 1)
        yield OtherBody(f"largest/{name}", says, "", Raw(), {str(whole.name): text}, most)
    says = f"a text of more than {most:,} bytes is refused"
    text = WIDE * ((most if most <= MOST_BODY else 1) // len(WIDE.encode()) + 1)
    yield OtherBody(f"too_large/{name}", says, "too_large", Raw(), {str(whole.name): text}, most)


def other_bodies(setting: Setting, endpoint: Endpoint) -> Iterator[OtherBody]:
    """Yield the ways to send a body of this endpoint's type that a server must refuse or accept."""
    name = name_of(endpoint)
    whole = next((p for p in endpoint.params if p.place == WHOLE), None)
    kind = endpoint.action.content_type if whole is None else list_types(endpoint.action, whole)[0]
    medium = medium_of_action(endpoint.action)
    near = f"{kind}{NEAR}"
    yield OtherBody(
        f"wrong_type/{name}",
        f"a body sent as {near} is refused",
        "wrong_type",
        Raw(retype=near),
    )
    if medium.charset:
        written = f"{kind}; charset=UTF-8"
        yield OtherBody(f"charset/{name}", f"a body sent as {written} is accepted", "", Raw(retype=written))
    yield from _sizes(setting, endpoint, name)
    for detail, says, edit in medium.broken:
        yield OtherBody(f"{detail}/{name}", says, "bad_body", Raw(edit=edit))
