"""Legal ways to treat keys."""

from __future__ import annotations

from faults.helpers import without_text
from pgagents.base.http import Request, Response
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import data_of
from pgagents.sandbox.keys import find_secret_of, has_credential


@variation().edit_answers
def token_answer_short(_context: Context, _request: Request, answer: Response) -> Response:
    """The answer with an access token says `bearer` in small letters, and not how long it lives."""
    data = data_of(answer)
    if not isinstance(data, dict) or "access_token" not in data:
        return answer
    kept = {name: value for name, value in data.items() if name not in ("expires_in", "scope")}
    return answer.with_json({**kept, "token_type": "bearer"})


@variation().edit_answers
def unknown_client_is_bad_request(_context: Context, request: Request, answer: Response) -> Response:
    """The token endpoint refuses a client with 400 in place of 401, unless it used the header Authorization
    (RFC 6749, 5.2).
    """
    data = data_of(answer)
    if request.header("authorization") is not None:
        return answer
    if answer.status != 401 or not isinstance(data, dict) or data.get("error") != "invalid_client":
        return answer
    return Response(400, answer.with_header("WWW-Authenticate", None).headers, answer.body)


@variation().edit_answers
def scope_named_by_the_wider(_context: Context, _request: Request, answer: Response) -> Response:
    """The answer with an access token names one scope only, which contains the others, as GitHub's does."""
    data = data_of(answer)
    if not isinstance(data, dict) or "access_token" not in data or " " not in str(data.get("scope", "")):
        return answer
    return answer.with_json({**data, "scope": max(data["scope"].split())})


@variation().edit_requests
def wrong_optional_key_ignored(context: Context, request: Request) -> Request:
    """A wrong key is ignored where a call needs none, so that the call is served as one without a key."""
    action = context.reader.action(request)
    if action is None or not action.optional_key or not has_credential(context.model, request):
        return request
    credentials = list(context.model.credentials.values())
    given = (find_secret_of(credential, request) for credential in credentials)
    if any(secret is not None and context.front.keyring.find(secret) for secret in given):
        return request
    for credential in credentials:
        request = without_text(credential, request)
    return request
