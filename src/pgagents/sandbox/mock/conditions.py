"""Answer conditional calls: 304 for an unchanged version, a refusal for an outdated ETag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.sandbox.call import AcceptedCall, Refusal
from pgagents.sandbox.mock.answer_headers import tag_of


def refuse_stale(
    model: Model, call: AcceptedCall, carry_out: Callable[[AcceptedCall], Any]
) -> Refusal | None:
    """Return the refusal of a write whose If-Match is missing or not the current ETag; otherwise None."""
    action, stale = call.action, call.action.stale
    if action.if_match is None or stale is None:
        return None
    wanted = call.input.get(action.if_match)
    reading = _find_read(model, action)
    if wanted is None or reading is None:
        return None
    named = {str(p.name): call.input.get(str(p.name)) for p in reading.params if p.place == "path"}
    present = carry_out(replace(call, action=reading, input=named, given=frozenset(named), headers=[]))
    if isinstance(present, Refusal):
        return None  # the instance does not exist, which the call itself reports
    tags = [part.strip() for part in str(wanted).split(",")]
    if "*" in tags or tag_of(present) in tags:
        return None
    return Refusal(stale.name, "It has changed since that version", action.if_match)


def _find_read(model: Model, action: Action) -> Action | None:
    """Return the read with an ETag at the path of a write."""
    return next((a for a in model.actions if a.etag and a.path == action.path), None)


def is_known(call: AcceptedCall, answer: Any) -> bool:
    """Return whether the caller of a read has the current version, by weak comparison."""
    given = call.request.header("if-none-match") if call.action.etag and call.surface == "rest" else None
    if given is None or call.action.method != call.request.method:
        return False
    tags = [part.strip().removeprefix("W/") for part in given.split(",")]
    return "*" in tags or tag_of(answer) in tags
