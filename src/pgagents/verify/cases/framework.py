"""Cases of the check `framework`: requests that a server refuses before any action runs.

They are unknown paths, wrong methods, broken bodies and odd requests. `malformed` makes paths and bodies.

Bodies have only the one error and are valid otherwise, so that a server that repairs the error is found to
accept it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.answers.error_code import Code
from pgagents.verify.cases.malformed.bodies import with_member
from pgagents.verify.cases.malformed.body_cases import (
    find_first_endpoint,
    list_body_cases,
)
from pgagents.verify.cases.malformed.case import Case, edit_call
from pgagents.verify.cases.malformed.dispatchers import list_wraps, make_misspelling_edit
from pgagents.verify.cases.malformed.paths import beside, elsewhere, nowhere, odd_requests, reader, without_id
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import INVENTED, UNKNOWN_METHOD


def cases(setting: Setting) -> tuple[Case, ...]:
    """Return all framework cases of a catalogue, computed once a run."""
    return setting.compute_once(
        "framework cases",
        lambda: (
            *_paths(setting),
            *list_body_cases(setting),
            *_make_dispatcher_cases(setting),
            *_odd(setting),
        ),
    )


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


def _make_dispatcher_cases(setting: Setting) -> Iterator[Case]:
    invalid = setting.model.codes[setting.model.errors.framework.invalid]
    for dispatcher in setting.model.dispatchers:
        endpoint = find_first_endpoint(setting, dispatcher.surface)
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
