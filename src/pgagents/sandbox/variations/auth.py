"""Legal ways to treat keys."""

from __future__ import annotations

from pgagents.http import Request
from pgagents.sandbox.auth.credential import find_secret_of, has_credential, without_text
from pgagents.sandbox.injection.fault_registry import Context, variation


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
