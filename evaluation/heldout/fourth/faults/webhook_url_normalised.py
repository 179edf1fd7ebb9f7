"""A webhook's address goes through a URL class that lowers its host, drops the port 443 and adds a path,
and is kept like that.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "round trip"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_webhook.laws.url-kept:: the webhook's url is the one that was given"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, data: Any) -> None:
        webhook = data["webhook"]
        parts = urlsplit(webhook["url"])
        webhook["url"] = urlunsplit(
            (parts.scheme, parts.netloc.lower().removesuffix(":443"), parts.path or "/", parts.query, "")
        )
        context.front.store.run("UPDATE webhook SET url = ? WHERE id = ?", webhook["url"], webhook["id"])

    results(context, edit, "create_webhook")
    return handler


def shows(call: Shown) -> Any:
    body = {"url": "https://Events.pgagents-test.net:443", "events": ["session.ended"]}
    return call.data("POST", "/api/v1/webhooks", body, status=201)["webhook"]["url"]
