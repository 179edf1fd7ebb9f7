"""Compare how users sign in: endpoints, scopes and lifetimes of the authorization code flow."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.diff.change import Change, Severity
from pgagents.model.code_flow import ENDPOINTS, CodeFlow
from pgagents.model.model import Model


def compare_code_flows(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes for an app whose users sign in."""
    a, b = old.code_flow, new.code_flow
    if a is not None and b is not None:
        yield from _compare_endpoints(a, b)
        yield from _compare_scopes(a, b)
        for key in ("access_s", "refresh_s", "refresh_rotates"):
            if getattr(a, key) != getattr(b, key):
                message = f"OAuth's {key} is {getattr(b, key)} now, was {getattr(a, key)}"
                yield _change("may break", "oauth", message, b, key)
    elif a is not None:
        yield _change("breaking", "oauth", "users cannot sign in by OAuth any more", a)
    elif b is not None:
        yield _change("addition", "oauth", "users can sign in by OAuth now", b)


def _compare_endpoints(a: CodeFlow, b: CodeFlow) -> Iterator[Change]:
    for key in ENDPOINTS.values():
        was, now = a.urls.get(key), b.urls.get(key)
        if was != now:
            message = f"OAuth's {key} is {now or 'gone'} now"
            yield _change("addition" if was is None else "breaking", "oauth", message, b, key)
    if a.pkce_binds != b.pkce_binds:
        bound = ", ".join(b.pkce_binds) or "none"
        yield _change("breaking", "oauth", f"clients that need PKCE: {bound}", b, "pkce_binds")


def _compare_scopes(a: CodeFlow, b: CodeFlow) -> Iterator[Change]:
    for scope in a.scopes:
        if scope not in b.scopes:
            yield _change("breaking", "oauth-scope", f"OAuth scope {scope} is gone", b, "scopes")
    for scope, actions in b.needs.items():
        if more := [name for name in actions if name not in a.needs.get(scope, ())]:
            message = f"{', '.join(more)} need scope {scope} now"
            yield _change("breaking", "oauth-needs", message, b, "needs", scope)


def _change(severity: Severity, id: str, message: str, flow: CodeFlow, *key: str) -> Change:
    at = (*flow.origin, *key)
    return Change(severity, id, "auth", message, (), at, at)
