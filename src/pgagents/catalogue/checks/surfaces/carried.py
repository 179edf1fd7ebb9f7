"""Check that each action is offered by a surface that can call it.

An action without `http` must have no keys that only affect REST.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Output
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

MCP, REST = "mcp", "rest"
COPILOT_MCP = "copilot_mcp"
TOOLS = (MCP, COPILOT_MCP)
"""Surfaces whose actions are tools of the MCP server."""
_ONLY_REST = {
    "operation_id": "only operations of their own have an id",
    "security": "the surface that carries it says which key its calls need",
    "signed": "only a call with headers of its own is signed",
    "tags": "only operations of their own have headings",
}
_IN_ONE_OBJECT = "all arguments of a dispatcher or a tool go into one object, under their names"


def run(checker: Checker) -> None:
    """Record actions that no surface can call, surfaces with actions they cannot call, and keys without an
    effect.
    """
    for base, actions in checker.blocks():
        for name, action in actions.items():
            at = (*base, name)
            if action.http is None and (*at, "http") not in checker.dropped:
                _idle(checker, at, action)
                _carrier(checker, at, name)
    for name, surface in checker.written.surfaces.items():
        if surface.http is None and name not in TOOLS:
            _offered(checker, name)
        if name != REST:
            _signed(checker, name)


def is_dispatched(checker: Checker, action: str) -> bool:
    """True if a dispatcher offers the action."""
    return any(s.http and action in members(checker, name) for name, s in checker.written.surfaces.items())


def members(checker: Checker, surface: str) -> list[str]:
    """Return the names of the actions that a surface lists; all names if it says `all`."""
    listed = checker.written.surfaces[surface].actions
    if isinstance(listed, list):
        return listed
    return list(checker.written.groups.get(listed, checker.written.actions if listed == "all" else ()))


def _carrier(checker: Checker, at: Pointer, name: str) -> None:
    """Record an action without `http` that neither a dispatcher nor an MCP server offers."""
    if at[0] == "operator":
        message = f"the operator's action `{brief(name)}` has no `http`, and no surface offers it"
        checker.report(at, "carried", message, "give it `http: METHOD /path`", at_value=False)
        return
    tools = MCP in checker.written.surfaces and name in members(checker, MCP)
    if tools or is_dispatched(checker, name) or not checker.sound(("surfaces",)):
        return
    message = f"`{brief(name)}` has no `http`, and no dispatcher or MCP server offers it"
    checker.report(
        at,
        "carried",
        message,
        "give it `http: METHOD /path`, or name it under the `actions` of a dispatcher or of `surfaces.mcp`",
        at_value=False,
    )


def _named(checker: Checker, surface: str) -> Iterator[tuple[Pointer, str, Action]]:
    """Yield the actions that a surface lists, each with its place in the file; none if it says `all`."""
    listed = checker.written.surfaces[surface].actions
    at: Pointer = ("surfaces", surface, "actions")
    for index, name in enumerate(members(checker, surface)) if listed != "all" else ():
        action = checker.written.actions.get(name)
        if action is not None:
            yield (*at, index) if isinstance(listed, list) else at, name, action


def _signed(checker: Checker, surface: str) -> None:
    """Record signed actions on surfaces for callers, because only the sender of the signature can call
    them.
    """
    for at, name, action in _named(checker, surface):
        if action.signed is not None:
            message = f"only the sender of `{brief(name)}` can sign a call, so `{surface}` cannot call it"
            checker.report(at, "carried", message, "take it off the list")


def _offered(checker: Checker, surface: str) -> None:
    """Record listed actions that the surface cannot call. `all` leaves such actions out."""
    for at, name, action in _named(checker, surface):
        if action.http is not None:
            continue
        if surface == REST:
            message = f"`{brief(name)}` has no `http`, so REST does not have it"
            checker.report(at, "carried", message, "take it off the list, or give it `http: METHOD /path`")
        elif not is_dispatched(checker, name) and checker.sound(("actions", name)):
            message = f"`{brief(name)}` is a tool of the MCP server alone, which `{surface}` cannot call"
            checker.report(at, "carried", message, "take it off the list, or let a dispatcher offer it")


def _idle(checker: Checker, at: Pointer, action: Action) -> None:
    """Record keys of an action without `http` that have no effect there."""
    for key, why in _ONLY_REST.items():
        if checker.source.has((*at, key)):
            message = f"`{key}` does nothing at an action without `http`: {why}"
            checker.report((*at, key), "idle", message, "leave it out", at_value=False)
    for name, param in action.input.items():
        for key, value in (("in", param.in_), ("wire", param.wire)):
            if value is not None:
                message = f"`{key}` does nothing at an action without `http`: {_IN_ONE_OBJECT}"
                checker.report((*at, "input", name, key), "idle", message, "leave it out", at_value=False)
    for status, output in action.output.items():
        where = (*at, "output", status)
        if 200 <= status < 300 and status != 200:
            message = f"an action without `http` is answered with 200, never with {status}"
            checker.report(where, "idle", message, "write the answer under `200`", at_value=False)
        if isinstance(output, Output) and output.content_type is not None:
            message = "`content_type` does nothing at an action without `http`: its answers are JSON"
            checker.report((*where, "content_type"), "idle", message, "leave it out", at_value=False)
