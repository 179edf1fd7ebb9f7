"""The gateway caches keys by their first twenty characters, so once a key was seen anything that begins
like it is taken.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import asked
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context

CLASS = "auth"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "errors.framework.no_key + errors.codes.UNAUTHORIZED.status:: a call with what is no key is refused "
    "with 401"
)


START_OF_KEY = 20


def wrap(handler: Handler, context: Context) -> Handler:
    known: dict[str, str] = {}

    def edit(request: Request) -> Request:
        kind, _, token = (request.header("authorization") or "").partition(" ")
        if kind != "Bearer" or not token.startswith("pk_"):
            return request
        if context.front.keyring.find(token) is not None:
            known[token[:START_OF_KEY]] = token
            return request
        whole = known.get(token[:START_OF_KEY])
        return request if whole is None else request.with_header("Authorization", f"Bearer {whole}")

    return asked(handler, edit)


def shows(call: Shown) -> Any:
    call.lots()
    call.tokens["bent"] = call.tokens["unlimited"][:-4] + "zzzz"
    return call.status("GET", "/api/v1/webhooks", key="bent")
