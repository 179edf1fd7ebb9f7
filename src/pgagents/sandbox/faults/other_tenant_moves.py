"""A project may end, extend, refund and release what is another project's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"absent_id"})
ALSO = {
    "keeps_offer": "what another project was let end is no longer found",
    "keeps_projects_apart": "what another project moved is in its answer",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Try again with the keys of the other projects where a write finds nothing."""
    inner, model = context.front.domain, context.model
    projects = sorted({r.project for r in model.auth.roles.values()} | {"main"})
    missing = {r.missing.name for r in model.resources.values() if r.missing}

    def act(call: Call) -> Any:
        result = inner(call)
        if not isinstance(result, Refusal) or result.code not in missing or call.action.effect == "read" or call.key is None:
            return result
        for project in projects:
            again = inner(replace(call, key=replace(call.key, project=project)))
            if not isinstance(again, Refusal):
                return again
        return result

    context.front.domain = act
    return handler
