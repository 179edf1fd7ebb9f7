"""Make the cases of malformed, foreign and large bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pgagents.encoding.medium import JSON
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.cases.malformed.bodies import (
    double_member,
    find_body_limit,
    find_limit_origin,
    number_left_out,
    other_bodies,
    pad_body,
    with_member,
    wrap_in_list,
    writers,
)
from pgagents.verify.cases.malformed.case import Case, edit_call
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import Endpoint

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


def list_body_cases(setting: Setting) -> Iterator[Case]:
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


def _list_other_bodies(setting: Setting) -> Iterator[Case]:
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
                yield Case(
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
            yield Case(
                other.detail, other.says, call, None, endpoint.action.origin, writes=writes, size=other.size
            )


def _list_bad_bodies(setting: Setting, endpoint: Endpoint) -> Iterator[Case]:
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
        statuses = (invalid.status,) if detail == "deep" else ()  # a deep body is JSON with a wrong member
        if detail == "no_object":  # the list holds a lone surrogate, which a parser may refuse
            statuses = (code.status,)
        yield Case(detail, says, call, due, origin, statuses, writes=writes)


def _list_types(setting: Setting, endpoint: Endpoint) -> Iterator[Case]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    writes = endpoint.action.effect == "write"
    if framework.wrong_type:
        kind = NEAR_JSON if endpoint.on_rest else "text/plain"
        call = edit_call(setting, endpoint, f"a body sent as {kind}", Raw(headers=(("Content-Type", kind),)))
        origin = ("errors", "framework", "wrong_type")
        yield Case(
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
    yield Case(
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


def _list_large(setting: Setting, endpoint: Endpoint) -> Iterator[Case]:
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
    yield Case(
        "too_large",
        says,
        call,
        setting.model.codes[name],
        find_limit_origin(setting, endpoint),
        writes=endpoint.action.effect == "write",
        size=most,
    )
