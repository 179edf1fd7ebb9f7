"""Find the key of a call: by the first alternative of `security` that the request meets completely."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pgagents.http import Request
from pgagents.model.code_flow import takes_user_tokens
from pgagents.model.credential import Credential
from pgagents.model.model import Model
from pgagents.sandbox.auth.credential import find_secret_of, find_text
from pgagents.sandbox.keys import Key

FindKey = Callable[[str], Key | None]


@dataclass(frozen=True, slots=True)
class Admission:
    """The key of a call, or None. `refused` is true if the call needs a valid one."""

    key: Key | None
    refused: bool


def admit(
    model: Model, request: Request, alternatives: Iterable[tuple[str, ...]], find: FindKey, issued: FindKey
) -> Admission:
    """Return the admission of a request whose action allows these alternatives. An empty one needs no key.

    `find` finds keys, `issued` the access tokens of clients. A wrong key is refused even if none is needed.
    """
    needs = list(alternatives)
    for names in needs:
        chosen = [model.credentials[name] for name in names]
        keys = [_find_key(c, model, request, find if c.exchange is None else issued) for c in chosen]
        found = [key for key in keys if key is not None]
        if names and len(found) == len(names) and len({key.tenant for key in found}) == 1:
            return Admission(found[0], refused=False)
    tried = any(find_text(model.credentials[name], request) is not None for one in needs for name in one)
    return Admission(None, refused=bool(needs) and (() not in needs or tried))


def describe_need(model: Model, alternatives: Iterable[tuple[str, ...]]) -> str:
    """Describe the credentials of a call by its first alternative."""
    names = next((one for one in alternatives if one), ())
    return " and ".join(model.credentials[name].show("<key>") for name in names)


def _find_key(credential: Credential, model: Model, request: Request, find: FindKey) -> Key | None:
    """Return the valid key in a request that was made for this scheme and is sent in its form."""
    secret = find_secret_of(credential, request)
    key = find(secret) if secret is not None else None
    if key is None:
        return None
    if key.granted is not None:
        return key if takes_user_tokens(model.code_flow, credential) else None
    first = next(iter(model.credentials))
    return key if (key.scheme or first) == credential.name else None
