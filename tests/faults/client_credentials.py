"""Faults of the token endpoint for client credentials, and of the tokens that it issues."""

from __future__ import annotations

from dataclasses import replace

from pgagents.base.http import Request, Response
from pgagents.sandbox.fault_declaration import Context, Find, fault
from pgagents.sandbox.fault_helpers import data_of, replace_method
from pgagents.sandbox.keys import Key


@fault("client_credentials", needs=("client-credentials",)).edit_answers
def token_answer_stored(_context: Context, _request: Request, answer: Response) -> Response:
    """An answer with an access token may be stored by a proxy."""
    return answer.with_header("Cache-Control", None) if b"access_token" in answer.body else answer


@fault("client_credentials", needs=("client-credentials",)).change_server
def token_lives_on(context: Context) -> None:
    """Access tokens of clients never end."""
    keyring = context.front.keyring
    find = keyring.find_issued
    replace_method(keyring, "find_issued", lambda token, now: find(token, min(now, 0.0)))


@fault("client_credentials", needs=("client-credentials",)).edit_requests
def token_for_any_grant(_context: Context, request: Request) -> Request:
    """The token endpoint does not look at the grant type."""
    wrong = request.body.startswith(b"grant_type=") and b"client_credentials" not in request.body
    body = b"grant_type=client_credentials&" + request.body.partition(b"&")[2]
    return replace(request, body=body.rstrip(b"&")) if wrong else request


@fault("client_credentials", needs=("client-credentials",)).find_keys
def token_for_any_secret(context: Context, find: Find, token: str) -> Key | None:
    """The token endpoint looks at the client's id alone."""
    ids: dict[str, Key] = context.memory
    key = find(token)
    client = token.partition(":")[0]
    if key is not None and ":" in token:
        ids[client] = key
    return key or ids.get(client)


@fault("client_credentials", needs=("client-credentials",)).edit_answers
def token_without_type(_context: Context, _request: Request, answer: Response) -> Response:
    """The answer with an access token does not say of which type it is."""
    data = data_of(answer)
    if not isinstance(data, dict) or "access_token" not in data:
        return answer
    return answer.with_json({k: v for k, v in data.items() if k != "token_type"})


@fault("client_credentials", needs=("client-credentials",)).edit_answers
def scope_untold(_context: Context, _request: Request, answer: Response) -> Response:
    """The answer with an access token names no scope, and the token has all that were requested."""
    data = data_of(answer)
    if not isinstance(data, dict) or "access_token" not in data or "scope" not in data:
        return answer
    return answer.with_json({**data, "scope": ""})
