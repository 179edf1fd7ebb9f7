"""Cases of the check `framework`: requests that a server refuses before any action runs.

They are unknown paths, wrong methods, broken bodies and odd requests. `malformed` makes paths and bodies.

Bodies have only the one error and are valid otherwise, so that a server that repairs the error is found to
accept it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from zlib import crc32

from pgagents.encoding.medium import JSON
from pgagents.model.answers.error_code import Code
from pgagents.source.source import Pointer
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
from pgagents.verify.cases.malformed.dispatchers import list_wraps, make_misspelling_edit
from pgagents.verify.cases.malformed.paths import beside, elsewhere, nowhere, odd_requests, reader, without_id
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import INVENTED, UNKNOWN_METHOD

PAGES = ("https://pgv.example", "null", "http://localhost:3000")
"""Origins of web pages: a site, a sandboxed frame or a file, a developer's machine."""
DEEP = 100_000
NEAR_JSON = "application/json-seq"
"""A media type (RFC 7464) that begins as JSON's does, so that a server that compares loosely takes it for
JSON.
"""
_NO_OBJECTS = ("no_object", "null_body")


@dataclass(frozen=True, slots=True)
class Case:
    """A request that the framework must refuse with `code`, accept (`code` is None), or only survive
    (`survive`).
    """

    detail: str
    says: str
    call: Call
    code: Code | None
    origin: Pointer
    statuses: tuple[int, ...] = ()
    survive: bool = False
    writes: bool = False
    again: Call | None = None
    """A call that decides the verdict if `call`, which tests something else as well, was refused."""
    largest: Call | None = None
    """The same call with the largest allowed body. It is sent first, and its success keeps the contracts of
    both calls.
    """
    allowed: frozenset[str] = frozenset()
    """Methods that the refusal of a wrong method must name."""


def cases(setting: Setting) -> tuple[Case, ...]:
    """Return all framework cases of a catalogue, computed once a run."""
    return setting.compute_once(
        "framework cases",
        lambda: (
            *_paths(setting),
            *_bodies(setting),
            *_other_bodies(setting),
            *_make_dispatcher_cases(setting),
            *_odd(setting),
        ),
    )


def _writer(setting: Setting) -> Endpoint | None:
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


def _paths(setting: Setting) -> Iterator[Case]:
    framework, codes = setting.model.errors.framework, setting.model.codes
    endpoint = reader(setting)
    if framework.unknown_path:
        code, origin = codes[framework.unknown_path], ("errors", "framework", "unknown_path")
        call = Call(None, {}, "framework", "an unknown path", raw=Raw("GET", nowhere(setting)))
        yield Case("unknown_path", "a path that does not exist is refused", call, code, origin)
        if setting.model.behaviour.trailing_slash == "unknown" and endpoint is not None:
            yield from _slashes(setting, endpoint, code)
    if framework.wrong_method and endpoint is not None:
        yield _wrong_method(setting, endpoint, codes[framework.wrong_method])


def _slashes(setting: Setting, endpoint: Endpoint, code: Code) -> Iterator[Case]:
    """Yield a path with a slash added, and a path that ends where an id should stand."""
    there = elsewhere(setting, endpoint)
    call = edit_call(setting, there, "a path with a slash added", Raw(target=f"{there.path}/"))
    yield Case(
        "trailing_slash",
        "a path with a slash added is refused",
        call,
        code,
        ("behaviour", "trailing_slash"),
    )
    if (nameless := without_id(setting)) is not None:
        call = Call(
            None,
            {},
            "framework",
            "a path that ends where an id should stand",
            raw=Raw("GET", nameless),
        )
        invalid = setting.model.codes[setting.model.errors.framework.invalid].status
        yield Case(
            "empty_id",
            "a path without its id is refused",
            call,
            code,
            ("behaviour", "trailing_slash"),
            (invalid,),
        )


def _wrong_method(setting: Setting, endpoint: Endpoint, code: Code) -> Case:
    """Return a call with a method that its path lacks: an invented one, or GET where nothing reads."""
    path = endpoint.path
    method = INVENTED
    if (literal := beside(setting)) is not None:
        method, path = "GET", literal
    methods = {d.method for d in setting.home_endpoints if d.path == path and d.on_rest}
    call = Call(None, {}, "framework", f"{method} where it is not possible", raw=Raw(method, path))
    return Case(
        "wrong_method",
        f"{method} {path} is refused",
        call,
        code,
        ("errors", "framework", "wrong_method"),
        UNKNOWN_METHOD if method == INVENTED else (),
        allowed=frozenset(methods),
    )


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


def _first_endpoint(setting: Setting, surface: str) -> Endpoint | None:
    """Return the dispatcher's endpoint whose body is broken on purpose on this surface. A read is
    preferred.
    """
    here = [d for d in setting.endpoints if d.surface == surface and d.dispatcher is not None]
    return next((d for d in here if d.action.effect == "read"), here[0] if here else None)


def _bodies(setting: Setting) -> Iterator[Case]:
    targets = [_writer(setting), *(_first_endpoint(setting, d.surface) for d in setting.model.dispatchers)]
    for endpoint in targets:
        if endpoint is not None:
            yield from _bad_bodies(setting, endpoint)
            yield from _types(setting, endpoint)
            yield from _large(setting, endpoint)


def _other_bodies(setting: Setting) -> Iterator[Case]:
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
                    other.detail, other.says, call, code, ("errors", "framework", other.key), writes=writes
                )
                continue
            template = template_of(setting.model, endpoint.action)
            given = {**template.input, **other.input}
            call = replace(
                ordinary(endpoint, template, "valid", why, fresh=writes, input=given), raw=other.raw
            )
            yield Case(other.detail, other.says, call, None, endpoint.action.origin, writes=writes)


def _bad_bodies(setting: Setting, endpoint: Endpoint) -> Iterator[Case]:
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


def _types(setting: Setting, endpoint: Endpoint) -> Iterator[Case]:
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
        "charset", says, call, None, endpoint.action.origin, writes=writes, again=plain, largest=largest
    )


def _large(setting: Setting, endpoint: Endpoint) -> Iterator[Case]:
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
    )


def _make_dispatcher_cases(setting: Setting) -> Iterator[Case]:
    invalid = setting.model.codes[setting.model.errors.framework.invalid]
    for dispatcher in setting.model.dispatchers:
        endpoint = _first_endpoint(setting, dispatcher.surface)
        if endpoint is None:
            continue
        says = "an action that does not exist is refused"
        call = edit_call(
            setting,
            endpoint,
            "an action's name in capital letters, which is none",
            Raw(edit=make_misspelling_edit(dispatcher)),
        )
        yield Case("unknown_action", says, call, invalid, dispatcher.origin)
        for detail, says, wrap in list_wraps(setting, dispatcher, endpoint):
            yield Case(
                detail,
                says,
                edit_call(setting, endpoint, says.removesuffix(" is refused"), Raw(wrap=wrap)),
                invalid,
                dispatcher.origin,
            )
        if setting.model.behaviour.unknown_member == "refused":
            call = edit_call(
                setting,
                endpoint,
                f"a member beside {dispatcher.arguments}",
                Raw(edit=lambda body: with_member(body, b'"pgv_unknown":1')),
            )
            yield Case(
                "unknown_member",
                f"a member beside {dispatcher.selector} and {dispatcher.arguments} is refused",
                call,
                invalid,
                ("behaviour", "unknown_member"),
            )


def _odd(setting: Setting) -> Iterator[Case]:
    """Yield requests that may be answered in any way except by a crash."""
    for detail, says, raw in odd_requests(setting):
        call = Call(None, {}, "framework", says, raw=raw)
        yield Case(
            f"survives/{detail}",
            f"{says} does not crash the server",
            call,
            None,
            ("errors", "framework"),
            survive=True,
        )
