"""Shared parts of these faults beside evaluation/heldout/around.py: rewritten requests and answers, and a
stay's cost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from evaluation.heldout.calls import CHALLENGE, Shown
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money


def asked(handler: Handler, edit: Callable[[Request], Request]) -> Handler:
    """The handler, which gets every request rewritten."""
    return lambda request: handler(edit(request))


def told(handler: Handler, edit: Callable[[Request, Response], Response]) -> Handler:
    """The handler, whose answers are rewritten."""

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        return edit(request, found) if isinstance(found, Response) else found

    return answer


def requeried(request: Request, pairs: list[tuple[str, str]]) -> Request:
    """The request with another query."""
    return replace(request, target=request.path + ("?" + urlencode(pairs) if pairs else ""))


def members(body: bytes) -> dict[str, Any]:
    """The members of a body that is a JSON object, else none."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def without(body: bytes, name: str) -> bytes:
    """A JSON object without a member."""
    return json_bytes({k: v for k, v in members(body).items() if k != name})


def recharged(context: Context, charge: Callable[[int, str, int | None, int, int], int], when: str) -> None:
    """Let ended sessions for which `when` holds cost what `charge(rate, unit, max_daily, start, end)`
    says, in cents.
    """
    connection = context.front.store._connection
    connection.create_function("other_charge", 5, charge)
    connection.create_function("other_payout", 1, money.payout)
    context.front.store.script(
        "CREATE TRIGGER IF NOT EXISTS recharged AFTER UPDATE ON session "
        f"WHEN OLD.status = 'active' AND NEW.status = 'completed' AND {when} BEGIN "
        "UPDATE session SET subtotal_cents = other_charge(rate_cents, unit, max_daily_cents, started_at, "
        "ended_at) WHERE id = NEW.id; "
        "UPDATE session SET payout_cents = other_payout(subtotal_cents) WHERE id = NEW.id; END;"
    )


def confidential_code(call: Shown, scope: str) -> str:
    """A code of the confidential client, which sent a challenge."""
    client = call.sandbox.oauth["confidential"]
    query = {
        "response_type": "code", "client_id": str(client["client_id"]),
        "redirect_uri": client["redirect_uris"][0], "state": "s1",
        "scope": scope, "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    page = call("GET", "/oauth/authorize?" + urlencode(query), key=None)
    ticket = re.search(r'name="ticket" value="([^"]*)"', page.body.decode())
    assert ticket is not None
    sent = (
        call.form("/oauth/authorize", ticket=ticket[1], decision="allow", user="user_1").header("location")
        or ""
    )
    return parse_qs(urlsplit(sent).query)["code"][0]


def down(call: Shown, intent: str) -> None:
    """Let the payment processor fail once."""
    call.data("POST", f"/sandbox/v1/payments/{intent}", {"outcome": "processor_down"}, key="operator")
