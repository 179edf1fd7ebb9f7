"""Private addresses are looked for in four numbers with dots; a literal IPv6 address is registered
whatever it is.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox import targets_allowed
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "webhooks.targets + actions.create_webhook.examples.loopback.status:: public; an address that is not "
    "is 400"
)


def wrap(handler: Handler, context: Context) -> Handler:
    setting = context.front.site.setting
    inner = setting.target_problem

    def problem(url: str) -> str:
        target = targets_allowed.read(url)
        return "" if not isinstance(target, str) and ":" in target.host else inner(url)

    object.__setattr__(setting, "target_problem", problem)
    return handler


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/webhooks", {"url": "https://[::1]/hook", "events": ["session.ended"]})
