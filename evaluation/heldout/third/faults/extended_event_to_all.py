"""session.extended was added later and is published without the project, so every project's webhooks hear
of it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import events
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "webhooks.events.session.extended.about + resources.session.tenant:: an event about a session goes "
    "to the webhooks of its project alone"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(type: str, data: Any, options: dict[str, Any]) -> Any:
        if type == "session.extended":
            options["tenant"] = None
        return data

    events(context, edit)
    return handler


def shows(call: Shown) -> Any:
    call.hook("session.extended", key="second")
    call.extend(call.park(), 1)
    return [event["type"] for event in call.events()]
