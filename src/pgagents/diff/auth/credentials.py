"""Compare the credentials of two editions: their places, and how to get a token."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.diff.auth.schemes import match_credentials
from pgagents.diff.change import Change, whole
from pgagents.model.credential import Credential, TokenExchange
from pgagents.model.model import Model


def compare_credentials(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes for a caller that has a key.

    The comparison of actions decides whether a call needs a key, and which scheme's if there are several.
    """
    a, b = old.credential, new.credential
    if a is None or b is None:
        return
    if a.show() != b.show():
        message = f"calls send `{b.show()}` now, was `{a.show()}`"
        yield whole("breaking", "auth-scheme", message, "auth", "schemes", b.name)
    renamed = match_credentials(old, new)
    for name in renamed.values():
        yield whole("wording", "auth-scheme", f"the scheme is called {name} now", "auth", "schemes", name)
    for name, then in old.credentials.items():
        now = new.credentials.get(renamed.get(name, name))
        if now is None and name == a.name:
            now = b
        if now is not None:
            yield from compare_terms(then, now)


def compare_terms(a: Credential, b: Credential) -> Iterator[Change]:
    """Yield further changes for a caller that has a secret: its prefixes, its forms, and its exchange."""
    if a.exchange is not None and b.exchange is not None:
        yield from _exchange(a.exchange, b.exchange, b.name)
    for prefix, mode in a.prefixes.items():
        if b.prefixes.get(prefix) != mode:
            yield whole(
                "may break",
                "key-prefix",
                f"keys that begin {prefix} do not mean {mode} any more",
                "auth",
                "schemes",
                safety=True,
            )
    for place in sorted(a.also_accepted ^ b.also_accepted):
        gone = place in a.also_accepted
        message = f"a key is {'not accepted there any more' if gone else 'accepted there too'}: {place}"
        yield whole("breaking" if gone else "addition", "key-form", message, "auth", "schemes", b.name)


def _exchange(a: TokenExchange, b: TokenExchange, name: str) -> Iterator[Change]:
    at = ("auth", "schemes", name, "flows", "client_credentials")
    for key in ("token_url", "audience", "in_body"):
        if getattr(a, key) != getattr(b, key):
            message = f"tokens are asked for with another {key.replace('_', ' ')}: {getattr(b, key)}"
            yield whole("breaking", "token-request", message, *at)
    for scope in sorted(a.scopes.keys() ^ b.scopes.keys()):
        gone = scope in a.scopes
        message = f"scope {scope} is {'gone' if gone else 'new'}"
        yield whole("breaking" if gone else "addition", "token-request", message, *at, "scopes")
