"""The v2 service is strict in its queries, too: a parameter that it does not know is refused."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import NEAR, Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.decode import Problem
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.unknown_query:: ignored"


def wrap(handler: Handler, context: Context) -> Handler:
    def pairs(action: Action, given: list[tuple[str, str]]) -> list[tuple[str, str]] | Problem:
        unknown = [k for k, _ in given if action.path.startswith("/api/v2/") and action.param(k) is None]
        return Problem("invalid", unknown[0], "no such parameter") if unknown else given

    judged(context, pairs=pairs)
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", f"/api/v2/intelligence/market-rate?{NEAR}&utm_source=x")
