"""Compare the credentials with which an action may be called: each former alternative must still suffice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pgagents.diff.auth.schemes import match_credentials
from pgagents.diff.change import Change, Severity
from pgagents.diff.schemas import Sides
from pgagents.model.action import Action
from pgagents.model.model import Model


class Sent(NamedTuple):
    """One scheme of a call, by its name in the new edition and the text that calls send for it."""

    name: str
    text: str


Way = frozenset[Sent]
"""The schemes of one alternative; empty for a call without a key."""


def compare(s: Sides) -> Iterator[Change]:
    """Yield the changes of an action's alternatives.

    If both editions have one scheme and only its form changed, another comparison reports that once for the
    whole API.
    """
    if s.a.certificate != s.b.certificate:
        text = "needs a client certificate now" if s.b.certificate else "needs no client certificate any more"
        severity: Severity = "breaking" if s.b.certificate else "may break"
        yield s.change(severity, "certificate", text, "security", safety=s.a.certificate)
    before = _list_ways(s.old, s.a, match_credentials(s.old, s.new))
    after = _list_ways(s.new, s.b, {})
    if _is_open(before) != _is_open(after):
        closed = _is_open(before)
        yield s.change(
            "breaking" if closed else "may break",
            "key",
            "needs a key now" if closed else "needs no key any more",
            "security",
            safety=not closed,
        )
        return
    if len(s.old.credentials) <= 1 and len(s.new.credentials) <= 1 and s.a.key == s.b.key:
        return
    shared = _find_shared([*before, *after])
    lost = [way for way in before if not any(other <= way for other in after)]
    if lost:
        yield s.change(
            "breaking",
            "security",
            f"{_describe(lost, shared)} is not enough any more; calls send {_describe(after, shared)}",
            "security",
        )
    elif gained := [way for way in after if not any(other <= way for other in before)]:
        yield s.change(
            "addition", "security", f"may be called with {_describe(gained, shared)} too", "security"
        )
    elif set(before) != set(after):
        yield s.change("addition", "security", f"needs less: {_describe(after, shared)}", "security")


def _list_ways(model: Model, action: Action, renamed: Mapping[str, str]) -> list[Way]:
    return [
        frozenset(Sent(renamed.get(name, name), model.credentials[name].show()) for name in one)
        for one in action.security
    ] or [Way()]


def _is_open(ways: list[Way]) -> bool:
    return Way() in ways


def _find_shared(ways: list[Way]) -> set[str]:
    """Return the texts that calls send for several schemes, so that a message must name these."""
    schemes = {one for way in ways for one in way}
    return {one.text for one in schemes if any(o.text == one.text and o != one for o in schemes)}


def _describe(ways: list[Way], shared: set[str]) -> str:
    return " or ".join(
        " with ".join(
            f"`{one.text}` of {one.name}" if one.text in shared else f"`{one.text}`"
            for one in sorted(way, key=lambda one: (one.text, one.name))
        )
        or "no key"
        for way in ways
    )
