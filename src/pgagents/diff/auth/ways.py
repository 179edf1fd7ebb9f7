"""Compare the credentials with which an action may be called: each former alternative must still suffice."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.diff.change import Change, Severity
from pgagents.diff.schemas import Sides
from pgagents.model.action import Action
from pgagents.model.model import Model

Way = frozenset[str]
"""The texts that an alternative sends, in the form of documents; empty for a call without a key."""


def compare(s: Sides) -> Iterator[Change]:
    """Yield the changes of an action's alternatives.

    If both editions have one scheme and only its form changed, another comparison reports that once for the
    whole API.
    """
    if s.a.certificate != s.b.certificate:
        text = "needs a client certificate now" if s.b.certificate else "needs no client certificate any more"
        severity: Severity = "breaking" if s.b.certificate else "may break"
        yield s.change(severity, "certificate", text, "security", safety=s.a.certificate)
    before, after = _list_ways(s.old, s.a), _list_ways(s.new, s.b)
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
    lost = [way for way in before if not any(other <= way for other in after)]
    if lost:
        yield s.change(
            "breaking",
            "security",
            f"{_describe(lost)} is not enough any more; calls send {_describe(after)}",
            "security",
        )
    elif gained := [way for way in after if not any(other <= way for other in before)]:
        yield s.change("addition", "security", f"may be called with {_describe(gained)} too", "security")
    elif set(before) != set(after):
        yield s.change("addition", "security", f"needs less: {_describe(after)}", "security")


def _list_ways(model: Model, action: Action) -> list[Way]:
    return [frozenset(model.credentials[name].show() for name in one) for one in action.security] or [Way()]


def _is_open(ways: list[Way]) -> bool:
    return Way() in ways


def _describe(ways: list[Way]) -> str:
    return " or ".join(" with ".join(f"`{one}`" for one in sorted(way)) or "no key" for way in ways)
