"""A webhook to an address of the inner network is taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"refuses_inner_target"})
ALSO: dict[str, str] = {}


_FIT = "https://hooks.example.com/fit"


def wrap(handler: Handler, context: Context) -> Handler:
    """Register what the domain refused for its address, under that address all the same. Park Graph's members."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        result = inner(call)
        if not (isinstance(result, Refusal) and result.field == "url" and "url" in call.input):
            return result
        made = inner(replace(call, input={**call.input, "url": _FIT}))
        if isinstance(made, Refusal):
            return result
        webhook = {**made["webhook"], "url": call.input["url"]}
        store.run("UPDATE webhook SET url = ? WHERE id = ?", webhook["url"], webhook["id"])
        return {"webhook": webhook}

    context.front.domain = act
    return handler
