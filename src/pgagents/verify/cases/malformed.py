"""Requests that go astray: to a path that nearly is one, with a method of its neighbour, with bytes that are no text."""

from __future__ import annotations

import re

from pgagents.model.action import Param
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import Endpoint

LONG = 5_000
HUGE = "9" * 400
NO_UTF8 = "%ff%c0%af"
"""Bytes that no text in UTF-8 has; the last two are how some read a slash."""
MOUNT = 3
"""How many parts of a path tell where it is mounted, the one before the first slash among them: `/api/v1`."""
NO_PATH = "pgv-no-such-path"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def reader(setting: Setting) -> Endpoint | None:
    """A REST action that reads and has no argument in its path."""
    return next(iter(_readers(setting, named=False)), None)


def _readers(setting: Setting, *, named: bool) -> list[Endpoint]:
    return [d for d in setting.endpoints if d.on_rest and d.action.effect == "read" and ("{" in d.path) == named and d.action.key]


def number_in(setting: Setting) -> Param | None:
    """The first number in the query of that action."""
    endpoint = reader(setting)
    numbers = (p for p in (endpoint.params if endpoint else ()) if p.place == "query")
    return next((p for p in numbers if setting.named(p.schema).get("type") in ("number", "integer")), None)


def elsewhere(setting: Setting, endpoint: Endpoint) -> Endpoint:
    """Such an action below another mount, such as the next version of the API, which often is an application of its own; else this one."""
    here = endpoint.path.split("/")[:MOUNT]
    return next((d for d in reversed(_readers(setting, named=False)) if d.path.split("/")[:MOUNT] != here), endpoint)


def nowhere(setting: Setting) -> str:
    """A path that does not exist: below one that does, as what has a router of its own also refuses by itself; below another mount
    where no path with a slash added shows what is unknown there."""
    endpoint = reader(setting)
    if endpoint is not None:
        told = setting.model.behaviour.trailing_slash == "unknown"
        above = endpoint.path if told else "/".join(elsewhere(setting, endpoint).path.split("/")[:MOUNT])
        path = f"{above}/{NO_PATH}"
        if not any(_fits(path, d.path) for d in setting.endpoints):
            return path
    return f"/{NO_PATH}"


def without_id(setting: Setting) -> str | None:
    """The path of a thing that is read by its id alone, without the id: often that of a list of them with a slash added."""
    found = (_PLACEHOLDER.sub("", d.path) for d in _readers(setting, named=True) if d.path.endswith("}") and d.path.count("{") == 1)
    return next(found, None)


def of_ours(setting: Setting) -> list[Endpoint]:
    """The actions on REST that make something of our own, or that act on such a thing by its id: what a call does there harms nobody."""
    found = []
    for endpoint in setting.endpoints:
        template = template_of(setting.model, endpoint.action)
        ours = template.makes or (template.subject if template.moves else None)
        if endpoint.on_rest and endpoint.action.key and endpoint.action.effect == "write" and ours is not None and ours.made_by is not None:
            found.append(endpoint)
    return found


def beside(setting: Setting) -> str | None:
    """A literal path that cannot be read, such that a path with a placeholder, which fits this one too, can."""
    methods: dict[str, set[str]] = {}
    for endpoint in setting.endpoints:
        methods.setdefault(endpoint.path, set()).add(endpoint.method)
    for path in methods if setting.model.behaviour.literal_path == "wins" else ():
        for other in methods:
            if "{" not in path and "{" in other and _fits(path, other) and "GET" in methods[other] - methods[path]:
                return path
    return None


def _shared(setting: Setting) -> str | None:
    """A path without a placeholder that is read and has another method as well: what it refuses, it must tell several of."""
    others = {d.path for d in setting.endpoints if d.on_rest and d.method != "GET"}
    return next((d.path for d in _readers(setting, named=False) if d.path in others), None)


def _fits(path: str, template: str) -> bool:
    parts, others = path.split("/"), template.split("/")
    return len(parts) == len(others) and all(a == b or b.startswith("{") for a, b in zip(parts, others, strict=True))


def odd_requests(setting: Setting) -> list[tuple[str, str, Raw]]:
    """Forms that may be answered in any way but with a crash: name, what they are, and what is sent."""
    endpoint = reader(setting)
    if endpoint is None:
        return []
    number = number_in(setting)
    twice = [(p.wire, (HUGE, HUGE) if p is number else ("1", "2")) for p in endpoint.params if p.place == "query"] or [("a", ("1", "2"))]
    query = "&".join(f"{wire}={value}" for wire, values in twice for value in values)
    named = next(iter(_readers(setting, named=True)), None)
    nul = _PLACEHOLDER.sub(f"pgv{NO_UTF8}%00", named.path) if named is not None else f"{endpoint.path}{NO_UTF8}%00"
    odd = [
        ("head", "HEAD", Raw("HEAD", _shared(setting) or endpoint.path)),
        ("options", "OPTIONS", Raw("OPTIONS", endpoint.path)),
        ("long_query", f"a query of {LONG:,} characters", Raw("GET", f"{endpoint.path}?pgv={'x' * LONG}")),
        ("repeated", "every parameter twice", Raw("GET", f"{endpoint.path}?{query}")),
        ("percent", "a broken percent-encoding", Raw("GET", f"{endpoint.path}?pgv=%zz%&odd={NO_UTF8}%00&long={'x' * LONG}")),
        ("nul", "an encoded NUL in a path", Raw("GET", nul)),
    ]
    if number is not None:
        odd.append(("huge_number", "a number of 400 digits", Raw("GET", f"{endpoint.path}?{number.wire}={HUGE}")))
        odd.append(("word_number", "NaN for a number", Raw("GET", f"{endpoint.path}?{number.wire}=NaN")))
    return odd
