"""A loopback address in the IPv6 form of IPv4 is taken for a public one."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
PROMISE = "Webhooks: a literal private or loopback address is 400 field url"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        url = call.input["url"]
        if "[::ffff:" not in url.lower():
            return inner(call)
        found = inner(given(call, url="https://hooks.example.com/mapped"))
        if not isinstance(found, Refusal):
            found["webhook"]["url"] = url
        return found

    acts(context, act, "create_webhook")
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/webhooks", {"url": "https://[::ffff:127.0.0.1]/x", "events": ["session.created"]}
    )
