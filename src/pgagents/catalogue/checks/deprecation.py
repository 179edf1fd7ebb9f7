"""Check that a deprecated action's days are real and in order, and that its successor is another action."""

from __future__ import annotations

from datetime import date

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.actions import Deprecated
from pgagents.source.source import Pointer


def run(checker: Checker) -> None:
    """Record problems of `deprecated`."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if isinstance(action.deprecated, Deprecated):
                _check(checker, (*base, name, "deprecated"), name, action.deprecated)


def _check(checker: Checker, at: Pointer, name: str, end: Deprecated) -> None:
    days = {key: _day(checker, (*at, key), getattr(end, key)) for key in ("since", "sunset")}
    since, sunset = days["since"], days["sunset"]
    if since is not None and sunset is not None and sunset < since:
        message = f"it stops working on {sunset}, before it is deprecated on {since}"
        checker.report((*at, "sunset"), "deprecated", message, "correct one of the two days")
    if end.instead == name:
        help = "name the action that callers should use"
        checker.report((*at, "instead"), "deprecated", "an action is no successor of itself", help)
    elif checker.check_reference((*at, "instead"), end.instead, ("actions",), "action"):
        other = checker.written.actions.get(end.instead or "")
        if other is not None and other.deprecated:
            help = "name one that is not"
            checker.report((*at, "instead"), "deprecated", f"`{end.instead}` is deprecated itself", help)
    if not any((end.since, end.sunset, end.instead)) and checker.sound(at):
        help = "write `deprecated: true`, or since, sunset or instead"
        checker.report(at, "deprecated", "nothing is said of its end", help, at_value=False)


def _day(checker: Checker, at: Pointer, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        checker.report(at, "deprecated", f"`{text}` is no day of the calendar", "write it as 2027-03-01")
        return None
