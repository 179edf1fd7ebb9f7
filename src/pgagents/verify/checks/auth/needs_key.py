"""A call without a key, or with something that is none, is refused; where the catalogue says so, before its body is read and what it
is about is looked up. A key is one however HTTP lets it be written."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import Conversation, Probe, accepted, kept, promise, refused_with, untested
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import recipe_of
from pgagents.verify.wire.call import Call, Raw, Twist
from pgagents.verify.wire.endpoint import Door
from pgagents.verify.wire.exchange import Seen

NAME = "needs_key"
BEFORE_BODY = "before_body"
EITHER_CASE = "either_case"
FORBIDDEN = 403
EVERYWHERE: dict[Twist, str] = {"none": "without a key"}
ONCE: dict[Twist, str] = {
    "garbage": "with a key that was never issued",
    "flip": "with a key that differs from a real one in a character or its case",
    "basic": "with the key under the Basic scheme",
    "bare": "with the key but no scheme",
    "query": "with the key in the query",
}
NEAR: dict[Twist, tuple[Twist, ...]] = {"garbage": ("longer", "shorter", "garbage"), "flip": ("flip", "case")}
"""Keys that were never issued and most resemble one that was: a server that cuts what it is given to the width of a column, or
compares texts without their case, takes them for it. Each surface is tried with another, which the seed chooses too."""


def promises(setting: Setting) -> Iterator[Contract]:
    """No key on every door; keys that are none, in several forms, and a revoked one on one door of each surface.

    No key before a body that cannot be read, on one door of each surface, too; and once, that the scheme is known in either case.
    """
    for door, twist, what in _cases(setting):
        detail = twist or "revoked"
        yield promise(
            NAME, detail, door, f"{door.action.name} called {what} is refused", ("errors", "framework", "no_key"), door.action.cite
        )

    for door in _unread(setting):
        says = f"{door.action.name} called without a key is refused for that, whatever its body is"
        yield promise(NAME, BEFORE_BODY, door, says, ("points", "auth_first"), door.action.cite)
    for door in _first_read(setting):
        says = "the scheme's name is known in either case (RFC 9110, 11.1)"
        yield promise(NAME, EITHER_CASE, door, says, ("auth", "schemes", str(setting.model.auth.default)))


def _first_read(setting: Setting) -> list[Door]:
    """The first read on REST that needs a key and nothing that must be found first."""
    plain = (d for d in setting.doors if d.on_rest and d.needs_key and d.action.effect == "read" and "{" not in d.path)
    return list(plain)[:1]


def _unread(setting: Setting) -> list[Door]:
    """The first door of each surface that has a body, where the key goes before everything else."""
    bodies: dict[str, Door] = {}
    for door in setting.doors if setting.model.points.auth_first is True else ():
        if door.needs_key and (not door.on_rest or any(p.place == "body" for p in door.params)):
            bodies.setdefault(door.surface, door)
    return list(bodies.values())


def _cases(setting: Setting) -> Iterator[tuple[Door, Twist, str]]:
    seen: set[str] = set()
    for door in setting.doors:
        if not door.needs_key:
            continue
        for twist, what in EVERYWHERE.items():
            yield door, twist, what
        if door.surface not in seen:
            seen.add(door.surface)
            for twist, what in ONCE.items():
                yield door, twist, what
            if _revoked(setting):
                yield door, "", "with a revoked key"


def _revoked(setting: Setting) -> str | None:
    return next((name for name, role in setting.model.auth.roles.items() if role.revoked), None)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each; the first door of a surface early."""
    del roles
    for door in _first_read(setting):
        contract = f"{NAME}/{EITHER_CASE}/{door.place}"
        what = "a call whose scheme is written in small letters"
        call = ordinary(door, recipe_of(setting.model, door.action), "auth", what, twist="lower")
        yield Probe(contract, 6, (contract,), 1, _taken(call, contract, what), (door,))
    first: set[tuple[str, Twist]] = set()
    unread = {door.place for door in _unread(setting)}
    for door, twist, what in _cases(setting):
        contract = f"{NAME}/{twist or 'revoked'}/{door.place}"
        role = "main" if twist else (_revoked(setting) or "main")
        early = twist in ("none", "garbage") and (door.surface, twist) not in first
        first.add((door.surface, twist))
        recipe = recipe_of(setting.model, door.action)
        shown = _near(setting, door, twist)
        call = ordinary(door, recipe, "auth", f"a call {what}", twist=shown, role=role, input=_about(setting, door, twist))
        run, covers = _run(setting, call, contract, what), [contract]
        if twist == "none" and door.place in unread:
            covers.append(f"{NAME}/{BEFORE_BODY}/{door.place}")
            run = _both(setting, call, contract, covers[1])
        yield Probe(contract, 2 if early else 6, tuple(covers), 1, run, (door,), role, door.action.effect == "write")


def _near(setting: Setting, door: Door, twist: Twist) -> Twist:
    """How the key is presented through this door, where several ways show one thing."""
    several = NEAR.get(twist, (twist,))
    surfaces = setting.kept("surfaces", lambda: list(dict.fromkeys(d.surface for d in setting.doors)))
    return several[(surfaces.index(door.surface) + setting.seed) % len(several)]


def _about(setting: Setting, door: Door, twist: Twist) -> dict[str, Any]:
    """The arguments of a call: without a key about nothing that is there, where the key goes before everything else.

    A server that looks it up first answers that there is none; one that looks for no key does the same.
    """
    given = dict(recipe_of(setting.model, door.action).input)
    if twist == "none" and setting.model.points.auth_first is True:
        for param in door.params:
            resource = setting.model.resources.get(param.refers_to or "")
            if resource is not None and resource.absent is not None and param.required:
                given[str(param.name)] = resource.absent_for(param)
    return given


def _taken(call: Call, contract: str, what: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        seen: Seen = yield call
        yield from accepted(seen, contract, what)

    return run


def _run(setting: Setting, call: Call, contract: str, what: str) -> Callable[[], Conversation]:
    code = setting.model.codes[setting.model.errors.framework.no_key]

    def run() -> Conversation:
        seen: Seen = yield call
        if seen.success and setting.bare is not None and (reason := (yield from _otherwise_keyed(call, [code.status, FORBIDDEN]))):
            yield untested(contract, reason)
        else:
            yield from refused_with(seen, contract, [code], f"a call {what}")

    return run


def _otherwise_keyed(call: Call, statuses: list[int]) -> Generator[Any, Any, str]:
    """Why a call that was taken without a key says nothing: the headers that go with every call may be a key themselves."""
    bare: Seen = yield replace(call, bare=True, why=f"{call.why}, and without the headers that were given")
    if bare.success:
        return ""
    if bare.status in statuses:
        return "a header that --env gives goes with every call and is a key itself: without it the call is refused"
    return f"without the headers that --env gives the call was answered {bare.outcome}"


def _both(setting: Setting, call: Call, contract: str, before: str) -> Callable[[], Conversation]:
    """One call shows both, where it is refused for its key; else a second shows which of the two is broken."""
    code = setting.model.codes[setting.model.errors.framework.no_key]

    def run() -> Conversation:
        unread: Seen = yield replace(call, why="a call without a key, with half a body", raw=Raw(edit=lambda _: b'{"'))
        judged = list(refused_with(unread, before, [code], "a call without a key, whatever its body,"))
        yield from judged
        if judged and judged[0].verdict is Verdict.KEPT:
            yield kept(contract)
        else:
            yield from _run(setting, call, contract, "without a key")()

    return run
