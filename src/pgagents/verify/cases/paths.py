"""Make paths and methods that fit no endpoint, for the check `framework` and for checks of ids."""

from __future__ import annotations

import re

from pgagents.catalogue.model.action import Param
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import Endpoint

LONG = 5_000
HUGE = "9" * 400
NO_UTF8 = "%ff%c0%af"
"""Percent-encoded bytes that are invalid UTF-8; some decoders read the last two as a slash."""
MOUNT = 3
"""Number of path parts, the empty one before the first slash included, up to an API's mount, such as
`/api/v1`.
"""
NO_PATH = "pgv-no-such-path"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def reader(setting: Setting) -> Endpoint | None:
    """Return the first REST read without an argument in its path; None if every read has one.

    Reads that cost money come last, because the gate lets nobody call their paths without leave.
    """
    return next(iter(_readers(setting, named=False)), None)


def _readers(setting: Setting, *, named: bool) -> list[Endpoint]:
    def find() -> list[Endpoint]:
        found = [
            d
            for d in setting.endpoints
            if d.on_rest and d.action.effect == "read" and ("{" in d.path) == named and d.ordinary
        ]
        return sorted(found, key=lambda d: d.action.costs)

    return setting.compute_once(("readers", named), find)


def _find_number(setting: Setting, endpoint: Endpoint) -> Param | None:
    """Return the first number in the query of an endpoint; None without one."""
    numbers = (p for p in endpoint.params if p.place == "query")
    return next(
        (p for p in numbers if setting.resolve_schema(p.schema).get("type") in ("number", "integer")), None
    )


def elsewhere(setting: Setting, endpoint: Endpoint) -> Endpoint:
    """Return a reading endpoint under another mount, such as another version of the API; else this endpoint.

    Each mount is often served by an application of its own.
    """
    here = endpoint.path.split("/")[:MOUNT]
    return next(
        (d for d in reversed(_readers(setting, named=False)) if d.path.split("/")[:MOUNT] != here), endpoint
    )


def nowhere(setting: Setting) -> str:
    """Return a path that does not exist.

    It lies below an existing path, because with several routers, the router there answers itself. It lies
    under another mount, unless a path with a slash added is tried there already.
    """
    endpoint = reader(setting)
    if endpoint is not None:
        told = setting.model.behaviour.trailing_slash == "unknown"
        above = endpoint.path if told else "/".join(elsewhere(setting, endpoint).path.split("/")[:MOUNT])
        path = f"{above}/{NO_PATH}"
        if not any(fits_template(path, d.path) for d in setting.endpoints):
            return path
    return f"/{NO_PATH}"


def without_id(setting: Setting) -> str | None:
    """Return the path of a read by id, without the id. It is often the list's path with a slash added.

    None if there is no read by id.
    """
    found = (
        _PLACEHOLDER.sub("", d.path)
        for d in _readers(setting, named=True)
        if d.path.endswith("}") and d.path.count("{") == 1
    )
    return next(found, None)


def of_ours(setting: Setting) -> list[Endpoint]:
    """Return the REST endpoints that make an instance, or change one of ours by its id.

    Calls of these cannot harm anyone else's instances.
    """
    found = []
    for endpoint in setting.endpoints:
        template = template_of(setting.model, endpoint.action)
        ours = template.makes or (template.subject if template.moves else None)
        if (
            endpoint.on_rest
            and endpoint.ordinary
            and endpoint.action.effect == "write"
            and ours is not None
            and ours.made_by is not None
        ):
            found.append(endpoint)
    return found


def beside(setting: Setting) -> str | None:
    """Return a literal path that has no GET and fits a path template with GET; None if there is none."""
    methods: dict[str, set[str]] = {}
    for endpoint in setting.endpoints:
        methods.setdefault(endpoint.path, set()).add(endpoint.method)
    for path in methods if setting.model.behaviour.literal_path == "wins" else ():
        for other in methods:
            if (
                "{" not in path
                and "{" in other
                and fits_template(path, other)
                and "GET" in methods[other] - methods[path]
            ):
                return path
    return None


def _find_shared_path(setting: Setting) -> str | None:
    """Return a path without a placeholder that has GET and another method; None if no path has both.

    The 405 of this path, and its answer to OPTIONS, must name both methods.
    """
    others = {d.path for d in setting.endpoints if d.on_rest and d.method != "GET"}
    return next((d.path for d in _readers(setting, named=False) if d.path in others), None)


def _head_path(setting: Setting, endpoint: Endpoint) -> str:
    """Return the path to which HEAD is sent, if possible one whose 405 names more than one method."""
    return _find_shared_path(setting) or endpoint.path


def has_head(setting: Setting) -> bool:
    """True if the catalogue says that HEAD is supported, and if the path for it is not an event stream's."""
    endpoint = reader(setting)
    if setting.model.behaviour.head != "as_get" or endpoint is None:
        return False
    path = _head_path(setting, endpoint)
    return not any(d.path == path and d.action.success.events is not None for d in setting.endpoints)


def fits_template(path: str, template: str) -> bool:
    """True if a path is that of a template, whatever stands in place of its parameters."""
    parts, others = path.split("/"), template.split("/")
    return len(parts) == len(others) and all(
        a == b or b.startswith("{") for a, b in zip(parts, others, strict=True)
    )


def odd_requests(setting: Setting) -> list[tuple[str, Raw]]:
    """Return requests that a server may answer in any way except by a crash, each with its description."""
    endpoint = reader(setting)
    if endpoint is None:
        return []
    number = _find_number(setting, endpoint)
    wires = [p.wire for p in endpoint.params if p.place == "query"] or ["a"]
    query = "&".join(f"{wire}={value}" for wire in wires for value in ("1", "2"))
    named = next(iter(_readers(setting, named=True)), None)
    nul = f"{NO_UTF8}%00"
    path = _PLACEHOLDER.sub(f"pgv{nul}", named.path) if named is not None else f"{endpoint.path}{nul}"
    broken = f"{endpoint.path}?pgv=%zz%&odd={nul}&long={'x' * LONG}"
    odd = [
        ("HEAD", Raw("HEAD", _head_path(setting, endpoint))),
        ("OPTIONS", Raw("OPTIONS", _find_shared_path(setting) or endpoint.path)),
        ("every parameter twice", Raw("GET", f"{endpoint.path}?{query}")),
        (f"a broken percent-encoding, in a query of {LONG:,} characters", Raw("GET", broken)),
        # LoopBack's router answers 500 to bytes that are not UTF-8
        ("an encoded NUL in a path", Raw("GET", path)),
    ]
    if number is not None:
        sent = f"{endpoint.path}?{number.wire}="
        odd.append(("a number of 400 digits", Raw("GET", f"{sent}{HUGE}")))
        odd.append(("NaN for a number", Raw("GET", f"{sent}NaN")))
    return odd
