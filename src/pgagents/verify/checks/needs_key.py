"""A call without a key, or with something that is none, is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.contract import Contract
from pgagents.verify.call import Call, Twist
from pgagents.verify.check import Conversation, Probe, promise, refused_with
from pgagents.verify.door import Door
from pgagents.verify.generate import ordinary
from pgagents.verify.memory import Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen

NAME = "needs_key"
EVERYWHERE: dict[Twist, str] = {"none": "without a key"}
ONCE: dict[Twist, str] = {
    "garbage": "with a key that was never issued",
    "flip": "with a key that differs in its last character",
    "basic": "with the key under the Basic scheme",
    "bare": "with the key but no scheme",
    "query": "with the key in the query",
}


def promises(setting: Setting) -> Iterator[Contract]:
    """No key on every door; keys that are none, in several forms, and a revoked one on one door of each surface."""
    for door, twist, what in _cases(setting):
        detail = twist or "revoked"
        yield promise(
            NAME, detail, door, f"{door.action.name} called {what} is refused", ("errors", "framework", "no_key"), door.action.cite
        )


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
    first: set[tuple[str, Twist]] = set()
    for door, twist, what in _cases(setting):
        contract = f"{NAME}/{twist or 'revoked'}/{door.place}"
        role = "main" if twist else (_revoked(setting) or "main")
        early = twist in ("none", "garbage") and (door.surface, twist) not in first
        first.add((door.surface, twist))
        recipe = recipe_of(setting.model, door.action)
        call = ordinary(door, recipe, "auth", f"a call {what}", twist=twist, role=role)
        yield Probe(
            contract, 2 if early else 6, (contract,), 1, _run(setting, call, contract, what), (door,), role, door.action.effect == "write"
        )


def _run(setting: Setting, call: Call, contract: str, what: str) -> Callable[[], Conversation]:
    code = setting.model.codes[setting.model.errors.framework.no_key]

    def run() -> Conversation:
        seen: Seen = yield call
        yield from refused_with(seen, contract, [code], f"a call {what}")

    return run
