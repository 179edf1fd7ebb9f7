"""Shared parts of these faults beyond heldout.around: arguments eased before they are judged, answers
changed, sessions found.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.http import Handler, Request, Response, Silence, json_bytes, read_json
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.surface import Surface
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.decode import Arguments, Problem
from pgagents.sandbox.fault_declaration import Context

DISPATCH = "/api/v1/agents/openai/actions"
Members = dict[str, Any]
Ease = Callable[[Action, Members, str], Members]


def answers(handler: Handler, change: Callable[[Request, Response], Response]) -> Handler:
    """The handler whose every answer is changed."""

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        return change(request, found) if isinstance(found, Response) else found

    return answer


def errors(handler: Handler, edit: Callable[[Request, int, dict[str, Any]], None]) -> Handler:
    """The handler with the `error` of each JSON error changed in place."""

    def change(request: Request, found: Response) -> Response:
        if found.status < 400 or not (found.header("content-type") or "").startswith("application/json"):
            return found
        data = json.loads(found.body or b"{}")
        if not isinstance(data, dict) or not isinstance(data.get("error"), dict):
            return found
        edit(request, found.status, data["error"])
        return found.with_json(data)

    return answers(handler, change)


class _Eased:
    def __init__(self, inner: Any, ease: Ease, afterwards: Ease | None) -> None:
        self._inner, self._ease, self._afterwards = inner, ease, afterwards

    def request(
        self, action: Action, request: Request, path_values: Mapping[str, str]
    ) -> Arguments | Problem:
        read = read_json(request.body) if request.body else None
        given = read.value if read is not None and isinstance(read.value, dict) and not read.problem else {}
        eased = self._ease(action, dict(given), "rest")
        if (given and eased != given) or any(type(eased.get(k)) is not type(v) for k, v in given.items()):
            with contextlib.suppress(UnicodeEncodeError):
                request = replace(request, body=json_bytes(eased))
        return self._kept(action, self._inner.request(action, request, path_values), given, "rest")

    def members(
        self, action: Action, members: Mapping[str, Any], offered: Surface | None = None
    ) -> Arguments | Problem:
        found = self._inner.members(action, self._ease(action, dict(members), "dispatcher"), offered)
        return self._kept(action, found, dict(members), "dispatcher")

    def _kept(
        self, action: Action, found: Arguments | Problem, given: Members, surface: str
    ) -> Arguments | Problem:
        del surface
        if isinstance(found, Problem) or self._afterwards is None:
            return found
        return replace(found, values=self._afterwards(action, dict(found.values), given))  # type: ignore[arg-type]


def eased(context: Context, ease: Ease, afterwards: Any = None) -> None:
    """Change the members of bodies before they are judged: `ease(action, members, surface)`; then
    `afterwards(action, values, given)`.
    """
    context.front.decoder = _Eased(context.front.decoder, ease, afterwards)  # type: ignore[assignment]


def action(context: Context, name: str) -> Action:
    """The action of that name."""
    return next(a for a in (*context.model.actions, *context.model.operator) if a.name == name)


def own(context: Context, call: AcceptedCall) -> sqlite3.Row | None:
    """The caller's own session that a call names, and with its code where the call gives one."""
    row = context.front.store.row(
        "SELECT * FROM session WHERE id = ? AND tenant = ?",
        call.input["session_id"],
        call.key.tenant if call.key else "",
    )
    code = call.input.get("session_code")
    return row if row is not None and code in (None, row["code"]) else None


def billed(context: Context, session: dict[str, Any], subtotal: int, payout: int) -> None:
    """Give a completed session another bill, in the store and in the answer."""
    context.front.store.run(
        "UPDATE session SET subtotal_cents = ?, payout_cents = ? WHERE id = ?",
        subtotal,
        payout,
        session["id"],
    )
    session |= {
        "subtotal": subtotal / 100,
        "owner_payout": payout / 100,
        "platform_fee": (subtotal - payout) / 100,
    }


def events(context: Context, edit: Callable[[str, Any, dict[str, Any]], Any]) -> None:
    """Change what is put into the outbox: `edit(type, data, options)` gives other data, and may change
    `options` (tenant).
    """
    outbox = context.courier.outbox
    put = outbox.put

    def changed(type: str, data: Any, at: float, **options: Any) -> str:
        return put(type, edit(type, data, options), at, **options)

    outbox.put = changed  # type: ignore[method-assign]
