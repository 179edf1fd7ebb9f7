"""The dispatcher hands a search's limit on as a query does, so a number in quotes is taken; REST has a
query.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import kind, number_of, one
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "wrong type"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.search_parking.input.limit.type + surfaces.dispatcher.actions.search_parking:: limit is a "
    "number there, too"
)


def wrap(handler: Handler, context: Context) -> Handler:
    kind(context, "search_parking", one("limit", number_of), "dispatcher")
    return handler


def shows(call: Shown) -> Any:
    body = {"action": "search_parking", "parameters": {"lat": 39.6403, "lng": -106.3742, "limit": "3"}}
    return call.told("POST", "/api/v1/agents/openai/actions", body)
