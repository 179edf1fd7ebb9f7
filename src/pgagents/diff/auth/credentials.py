"""Compare the credentials of two editions: their places, and how to get a token."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.diff.change import Change, whole
from pgagents.model.credential import Credential, TokenExchange


def compare_credentials(a: Credential, b: Credential) -> Iterator[Change]:
    """Yield the changes for a caller that has a key.

    The comparison of actions decides whether a call needs a key.
    """
    if a.show() != b.show():
        message = f"calls send `{b.show()}` now, was `{a.show()}`"
        yield whole("breaking", "auth-scheme", message, "auth", "schemes", b.name)
    elif a.name != b.name:
        yield whole("wording", "auth-scheme", f"the scheme is called {b.name} now", "auth", "schemes", b.name)
    yield from compare_terms(a, b)


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
