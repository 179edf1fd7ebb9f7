"""Make the HTTP request of an action with its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pgagents.decoding.medium import accept_of
from pgagents.encoding.request import encode_call
from pgagents.http import Request, json_bytes
from pgagents.model.action import Action
from pgagents.model.credential import Credential
from pgagents.model.surface import Dispatcher

JSON = "application/json"


def request_of(
    action: Action,
    arguments: Mapping[str, Any],
    *,
    dispatcher: Dispatcher | None = None,
    proof: Iterable[tuple[Credential, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Return the request of a call with valid arguments.

    The body is an object even if it has no members. `headers` follow our own. `proof` are the secrets of the
    call, each with its credential. The call uses `dispatcher` if one is given.
    """
    if dispatcher is not None:
        asked = [("Accept", JSON), *action.headers, *(headers or {}).items(), ("Content-Type", JSON)]
        message = dispatcher.make_message(action, arguments)
        whole = Request(dispatcher.method, str(dispatcher.path), tuple(asked), json_bytes(message))
        return _with_proof(whole, proof)
    ordered = {str(p.name): arguments[p.name] for p in action.params if p.name in arguments}
    parts = encode_call(action, ordered)
    sent = [("Accept", accept_of(action)), *parts.headers, *(headers or {}).items()]
    if parts.body is not None:
        sent.append(("Content-Type", parts.body.content_type))
    request = Request(
        str(action.method), parts.target, tuple(sent), parts.body.data if parts.body is not None else b""
    )
    return _with_proof(request, proof)


def _with_proof(request: Request, proof: Iterable[tuple[Credential, str]]) -> Request:
    for credential, secret in proof:
        request = credential.add_to(request, secret)
    return request
