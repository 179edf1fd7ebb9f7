"""Items of a list of arguments that differ in case alone are taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Put them into a table by what they are in small letters."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        lists = {name: value for name, value in call.input.items() if isinstance(value, list)}
        merged = {name: list({json.dumps(item).lower(): item for item in items}.values()) for name, items in lists.items()}
        return inner(replace(call, input={**call.input, **merged}))

    context.front.domain = act
    return handler
