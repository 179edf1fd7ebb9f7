"""Shared parts of these faults besides heldout.around: changed judgement, rights and costs, and answers
turned into refusals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.surface import Surface
from pgagents.sandbox.decode import Arguments, Decoder, Problem
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.front import Front
from pgagents.sandbox.keys import Key
from pgagents.sandbox.outbox import Outbox
from pgagents.sandbox.park_graph import money
from pgagents.sandbox.routes import ParsedRequest

Members = Callable[[Action, dict[str, Any], str], "dict[str, Any] | Problem"]
Pairs = Callable[[Action, list[tuple[str, str]]], "list[tuple[str, str]] | Problem"]


class _Before:
    """A decoder that is given other members and other query pairs than were sent."""

    def __init__(self, inner: Decoder, members: Members | None, pairs: Pairs | None) -> None:
        self._inner, self._members, self._pairs = inner, members, pairs

    def request(
        self, action: Action, request: Request, path_values: Mapping[str, str]
    ) -> Arguments | Problem:
        if self._pairs is not None and request.query:
            pairs = self._pairs(action, request.query)
            if isinstance(pairs, Problem):
                return pairs
            request = replace(request, target=request.path + ("?" + urlencode(pairs) if pairs else ""))
        body = read_json(request.body).value if request.body else None
        if self._members is not None and isinstance(body, dict):
            found = self._members(action, dict(body), "rest")
            if isinstance(found, Problem):
                return found
            if found != body:
                request = replace(request, body=json_bytes(found))
        return self._inner.request(action, request, path_values)

    def members(
        self, action: Action, members: Mapping[str, Any], offered: Surface | None = None
    ) -> Arguments | Problem:
        found = (
            self._members(action, dict(members), "dispatcher") if self._members is not None else dict(members)
        )
        return found if isinstance(found, Problem) else self._inner.members(action, found, offered)


def judged(context: Context, members: Members | None = None, pairs: Pairs | None = None) -> None:
    """Change a body's or dispatcher's members, and a query's pairs, before they are judged; a Problem
    refuses the call.
    """
    context.front.decoder = _Before(context.front.decoder, members, pairs)  # type: ignore[assignment]  # does what a decoder does


def allowing(context: Context, of: Callable[[ParsedRequest, Key], Key]) -> None:
    """Let the checks of scope and operator look at another key than the caller's."""
    inner = context.front._framework

    def framework(
        request: Request, asked: ParsedRequest, key: Key | None, request_id: str
    ) -> Response | None:
        return inner(request, asked, None if key is None else of(asked, key), request_id)

    context.front._framework = framework  # type: ignore[method-assign]  # a fault


def rebill(
    front: Front, outbox: Outbox, session: dict[str, Any], cents: int, payout: int | None = None
) -> None:
    """Let a session that was just ended have cost something else: in the store, the answer, the event and
    the audit's diff.
    """
    store = front.store
    payout = money.payout(cents) if payout is None else payout
    store.run(
        "UPDATE session SET subtotal_cents = ?, payout_cents = ? WHERE id = ?", cents, payout, session["id"]
    )
    bill = {"subtotal": cents / 100, "platform_fee": (cents - payout) / 100, "owner_payout": payout / 100}
    session.update(bill)
    told(outbox, "session.ended", session["id"], bill)
    row = store.row(
        "SELECT n FROM audit WHERE session_id = ? AND action = 'end_session' ORDER BY n DESC", session["id"]
    )
    if row is not None:
        store.run(
            "UPDATE audit_detail SET diff = json_set(diff, '$.subtotal_cents[1]', ?) WHERE audit_n = ?",
            cents,
            row["n"],
        )


def told(outbox: Outbox, type: str, subject: str | None, data: Mapping[str, Any]) -> None:
    """Let the newest event of that type and subject say this."""
    row = outbox.store.row(
        "SELECT n, body FROM event WHERE type = ? AND subject IS ? ORDER BY n DESC", type, subject
    )
    if row is not None:
        body = json.loads(row["body"])
        body["data"].update(data)
        outbox.store.run("UPDATE event SET body = ? WHERE n = ?", json_bytes(body), row["n"])


def refusal(answer: Response, status: int, code: str, message: str, **more: str) -> Response:
    """The answer as a refusal: same headers, same request id."""
    error = {"code": code, "message": message, "request_id": answer.header("X-Request-Id") or "", **more}
    headers = tuple(
        (k, v) for k, v in answer.headers if k.lower() not in ("content-type", "allow", "www-authenticate")
    )
    return Response(status, (*headers, ("Content-Type", "application/json")), json_bytes({"error": error}))


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form."""
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def with_form(request: Request, form: Mapping[str, str]) -> Request:
    """The request with other fields."""
    return replace(request, body=urlencode(form).encode())


def tenant(key: Key | None) -> str:
    """Whose things the key sees."""
    return key.tenant if key else ""
