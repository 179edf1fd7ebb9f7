"""Private addresses are looked for among those of IPv4 alone, so one written as an IPv4-mapped IPv6 address
is taken for a webhook."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "webhooks"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "webhooks.targets + actions.create_webhook.examples.loopback.status:: a webhook's target is a public "
    "address"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        url = call.input["url"]
        if not _mapped(url):
            return inner(call)
        found = inner(given(call, url="https://[2606:4700::1111]/"))
        if not isinstance(found, Refusal):
            found["webhook"]["url"] = url
            context.front.store.run("UPDATE webhook SET url = ? WHERE id = ?", url, found["webhook"]["id"])
        return found

    acts(context, act, "create_webhook")
    return handler


def _mapped(url: str) -> bool:
    try:
        address = ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    return address.version == 6 and address.ipv4_mapped is not None


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/webhooks", {"url": "https://[::ffff:10.0.0.8]/hook", "events": ["session.ended"]}
    )
