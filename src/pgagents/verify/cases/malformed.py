"""Make malformed, foreign and large bodies: requests that a framework must refuse or accept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from zlib import crc32

from pgagents.base.http import json_bytes
from pgagents.base.places import Pointer
from pgagents.catalogue.encoding.medium import JSON, WHOLE, has_body, list_types, medium_of_action
from pgagents.catalogue.model.answers import Code
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint

PAGES = ("https://pgv.example", "null", "http://localhost:3000")
"""Origins of web pages: a site, a sandboxed frame or a file, a developer's machine."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A request that the framework must refuse with `code`, or accept (`code` is None)."""

    detail: str
    says: str
    call: Call
    code: Code | None
    origin: Pointer
    statuses: tuple[int, ...] = ()
    writes: bool = False
    again: Call | None = None
    """A call that decides the verdict if `call`, which tests something else as well, was refused."""
    largest: Call | None = None
    """The same call with the largest allowed body. It is sent first, and its success keeps the contracts of
    both calls.
    """
    size: int = 0
    """The size of `largest`, or of a body made for its size, in bytes; 0 for any other body."""
    allowed: frozenset[str] = frozenset()
    """Methods that the refusal of a wrong method must name."""


def edit_call(setting: Setting, endpoint: Endpoint, why: str, raw: Raw) -> Call:
    """Return a correct call changed by `raw`. It has an Origin if web pages may call the endpoint.

    The answer to a call with an Origin shows which parts of a refusal web pages may read.
    """
    browsers = setting.model.browsers
    if browsers is not None and raw.target is None:
        page = (
            PAGES[crc32(why.encode()) % len(PAGES)]
            if browsers.origins == "any"
            else str(browsers.origins[0]).rstrip("/")
        )
        raw = replace(raw, headers=(*raw.headers, ("Origin", page)))
    return replace(
        ordinary(endpoint, template_of(setting.model, endpoint.action), "framework", why),
        raw=raw,
        surface=endpoint.surface,
    )


# -- edits of the bytes of a valid body


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
        if not setting.holds(endpoint.action, str(p.name))
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


# -- cases of malformed, foreign and large bodies


DEEP = 100_000
NEAR_JSON = "application/json-seq"
"""A media type (RFC 7464) that begins as JSON's does, so that a server that compares loosely takes it for
JSON.
"""
_NO_OBJECTS = ("no_object", "null_body")


def _find_writer(setting: Setting) -> Endpoint | None:
    """Return a REST endpoint with a body that a test can call, or None. One whose effect can be undone is
    preferred.
    """
    model = setting.model
    with_body = [
        d
        for d in setting.endpoints
        if d.on_rest
        and d.ordinary
        and d.action.content_type == JSON
        and any(p.place == "body" for p in d.params)
    ]
    undoable = {id(r.made_by.action) for r in model.resources.values() if r.made_by and r.undone_by}
    return next((d for d in with_body if id(d.action) in undoable), with_body[0] if with_body else None)


def find_first_endpoint(setting: Setting, surface: str) -> Endpoint | None:
    """Return the dispatcher's endpoint whose body is broken on purpose on this surface. A read is
    preferred.
    """
    here = [d for d in setting.endpoints if d.surface == surface and d.dispatcher is not None]
    return next((d for d in here if d.action.effect == "read"), here[0] if here else None)


def list_body_cases(setting: Setting) -> Iterator[Malformed]:
    """Yield the cases of bodies: of each surface with a body, and of each writer with other media types."""
    targets = [
        _find_writer(setting),
        *(find_first_endpoint(setting, d.surface) for d in setting.model.dispatchers),
    ]
    for endpoint in targets:
        if endpoint is not None:
            yield from _list_bad_bodies(setting, endpoint)
            yield from _list_types(setting, endpoint)
            yield from _list_large(setting, endpoint)
    yield from _list_other_bodies(setting)


def _list_other_bodies(setting: Setting) -> Iterator[Malformed]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    for endpoint in writers(setting):
        writes = endpoint.action.effect == "write"
        for other in other_bodies(setting, endpoint):
            name = getattr(framework, other.key) if other.key else None
            if other.key and name is None:
                continue
            why = other.says.removesuffix(" is refused")
            if name is not None:
                call, code = edit_call(setting, endpoint, why, other.raw), codes[name]
                call = replace(call, input={**call.input, **other.input})
                yield Malformed(
                    other.detail,
                    other.says,
                    call,
                    code,
                    ("errors", "framework", other.key),
                    writes=writes,
                    size=other.size,
                )
                continue
            template = template_of(setting.model, endpoint.action)
            given = {**template.input, **other.input}
            call = replace(
                ordinary(endpoint, template, "valid", why, fresh=writes, input=given), raw=other.raw
            )
            yield Malformed(
                other.detail, other.says, call, None, endpoint.action.origin, writes=writes, size=other.size
            )


def _list_bad_bodies(setting: Setting, endpoint: Endpoint) -> Iterator[Malformed]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    if framework.bad_body is None:
        return
    code, origin = codes[framework.bad_body], ("errors", "framework", "bad_body")
    no_object = codes[framework.no_object or framework.bad_body]
    invalid = setting.model.invalid_in(endpoint.action)
    depth = min(DEEP, ((find_body_limit(setting, endpoint) or 2 * DEEP + 20) - 20) // 2)
    writes = endpoint.action.effect == "write"
    nan = number_left_out(setting, endpoint)
    edits: list[tuple[str, str, Callable[[bytes], bytes]]] = [
        ("truncated", "a truncated JSON body is refused", lambda body: body[:-1]),
        ("trailing", "a JSON body with text behind it is refused", lambda body: body + b"x"),
        ("duplicate_member", "a body with a member twice is refused", double_member),
        ("nan", "a body with NaN is refused", lambda body: with_member(body, nan + b":NaN")),
        ("not_utf8", "a body that is not UTF-8 is refused", lambda body: with_member(body, b'"pgv_\xff":1')),
        ("no_object", "a body that is a list is refused", wrap_in_list),
        ("null_body", "a body that is null is refused", lambda _: b"null"),
        ("empty_body", "an empty body is refused", lambda _: b""),
        (
            "deep",
            f"a body nested {depth:,} deep is refused",
            lambda _: b'{"pgv":' + b"[" * depth + b"]" * depth + b"}",
        ),
    ]
    if endpoint.on_rest:  # most servers parse bodies for all actions with one parser
        edits.append(
            ("comma", "a JSON body with a comma before its end is refused", lambda body: body[:-1] + b",}")
        )
    for detail, says, edit in edits:
        if detail == "duplicate_member" and setting.model.behaviour.repeated_member != "refused":
            continue
        call = edit_call(setting, endpoint, says.removesuffix(" is refused"), Raw(edit=edit))
        due = no_object if detail in _NO_OBJECTS else code
        # a deep body is JSON with a wrong member; Python's json reads NaN, and JavaScript any byte, so that
        # what looks at members refuses it
        statuses = (invalid.status,) if detail in ("deep", "nan", "not_utf8") else ()
        if detail == "no_object":  # the list holds a lone surrogate, which a parser may refuse
            statuses = (code.status,)
        yield Malformed(detail, says, call, due, origin, statuses, writes=writes)


def _list_types(setting: Setting, endpoint: Endpoint) -> Iterator[Malformed]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    writes = endpoint.action.effect == "write"
    if framework.wrong_type:
        kind = NEAR_JSON if endpoint.on_rest else "text/plain"
        call = edit_call(setting, endpoint, f"a body sent as {kind}", Raw(headers=(("Content-Type", kind),)))
        origin = ("errors", "framework", "wrong_type")
        yield Malformed(
            "wrong_type",
            f"a body sent as {kind} is refused",
            call,
            codes[framework.wrong_type],
            origin,
            writes=writes,
        )
    charset = Raw(
        headers=(("Content-Type", "application/json; charset=UTF-8"),)
    )  # many clients write it in lower case; case does not count
    template = template_of(setting.model, endpoint.action)
    minimal = boundary_value(setting, endpoint, "minimal")
    given = template.input if minimal is None else minimal
    plain = replace(
        ordinary(endpoint, template, "valid", "Content-Type with charset=utf-8", fresh=writes), raw=charset
    )
    call, most = replace(plain, input=given), find_body_limit(setting, endpoint)
    says = "a body sent as application/json; charset=utf-8 is accepted"
    largest = None
    if most is not None:
        raw = replace(charset, edit=lambda body: body + b" " * (most - len(body)))
        largest = replace(call, why=f"a body of {most:,} bytes, and Content-Type with charset=utf-8", raw=raw)
    yield Malformed(
        "charset",
        says,
        call,
        None,
        endpoint.action.origin,
        writes=writes,
        again=plain,
        largest=largest,
        size=most or 0,
    )


def _list_large(setting: Setting, endpoint: Endpoint) -> Iterator[Malformed]:
    most, name = find_body_limit(setting, endpoint), setting.model.errors.framework.too_large
    if most is None or name is None:
        return
    says = f"a body of more than {most:,} bytes is refused"
    told = name != setting.model.errors.framework.invalid
    call = edit_call(
        setting,
        endpoint,
        f"a body of {most + 1:,} bytes",
        Raw(edit=lambda body: pad_body(body, most + 1, wide=told)),
    )
    yield Malformed(
        "too_large",
        says,
        call,
        setting.model.codes[name],
        find_limit_origin(setting, endpoint),
        writes=endpoint.action.effect == "write",
        size=most,
    )
