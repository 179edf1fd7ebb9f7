"""Makes the HTTP request of an action with its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pgagents.http import Request, json_bytes, target, text_of
from pgagents.model.action import Action, Param
from pgagents.model.credential import Credential
from pgagents.model.model import Dispatcher

JSON = "application/json"


def request_of(
    action: Action,
    arguments: Mapping[str, Any],
    *,
    dispatcher: Dispatcher | None = None,
    proof: Iterable[tuple[Credential, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Return the request of a call with valid arguments. A list in the query is repeated.

    The body is an object even where it has no members. `headers` follow our own. `proof` are the
    secrets of the call, each with its credential. The call goes through `dispatcher` if one is given.
    """
    if dispatcher is not None:
        asked = [("Accept", JSON), *(headers or {}).items(), ("Content-Type", JSON)]
        message = dispatcher.make_message(action, arguments)
        whole = Request(dispatcher.method, str(dispatcher.path), tuple(asked), json_bytes(message))
        return _with_proof(whole, proof)
    places: dict[str, list[tuple[Param, Any]]] = {"path": [], "query": [], "header": [], "body": []}
    for param in action.params:
        if param.name in arguments:
            places[param.place].append((param, arguments[param.name]))
    query = [
        (p.wire, item)
        for p, value in places["query"]
        for item in (value if isinstance(value, list) else [value])
    ]
    sent = [
        ("Accept", JSON),
        *((p.wire, text_of(value)) for p, value in places["header"]),
        *(headers or {}).items(),
    ]
    body = b""
    if any(p.place == "body" for p in action.params):
        sent.append(("Content-Type", JSON))
        body = json_bytes({p.wire: value for p, value in places["body"]})
    request = Request(
        str(action.method),
        target(str(action.path), {p.wire: v for p, v in places["path"]}, query),
        tuple(sent),
        body,
    )
    return _with_proof(request, proof)


def _with_proof(request: Request, proof: Iterable[tuple[Credential, str]]) -> Request:
    for credential, secret in proof:
        request = credential.add_to(request, secret)
    return request
