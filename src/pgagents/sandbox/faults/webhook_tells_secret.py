"""The event of a new session tells the payment's client secret to whoever listens."""

from __future__ import annotations

import json
from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.outbox import Delivery
from pgagents.wire import Handler, Request, Response, json_bytes

BREAKS = frozenset({"sends_events"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Lay what the last answers called a client secret into the events about the same session."""
    secrets: dict[str, Any] = {}
    compose = context.courier.compose

    def edit(_: Request, answer: Response) -> Response:
        for found in meddle.objects(meddle.data_of(answer)):
            if "client_secret" in found and "id" in found:
                secrets[found["id"]] = found["client_secret"]
        return answer

    def telling(delivery: Delivery) -> bytes:
        body = json.loads(compose(delivery))
        if body["data"].get("id") in secrets:
            body["data"]["client_secret"] = secrets[body["data"]["id"]]
        return json_bytes(body)

    context.courier.compose = telling
    return meddle.edits(handler, edit)
