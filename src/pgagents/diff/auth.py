"""Compare how calls authenticate: the schemes of two editions, the ways to call, tokens and sign-in."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple

from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.credential import ENDPOINTS, Credential, TokenExchange
from pgagents.catalogue.model.model import Model
from pgagents.diff.change import Change, Severity, Sides


def match_schemes(old: Mapping[str, Hashable], new: Mapping[str, Hashable]) -> dict[str, str]:
    """Return the new names of renamed schemes by their old ones. Each side has the form of each scheme.

    A scheme is only renamed if each name is missing in the other edition, and both have the same form.
    """
    free: dict[Hashable, list[str]] = {}
    for name, form in new.items():
        if name not in old:
            free.setdefault(form, []).append(name)
    renamed: dict[str, str] = {}
    lost = [name for name in old if name not in new]
    for fits in (_is_respelled, lambda _, __: True):
        for name in lost:
            among = free.get(old[name], [])
            found = next((one for one in among if fits(name, one)), None) if name not in renamed else None
            if found is not None:
                renamed[name] = found
                among.remove(found)
    return renamed


def _is_respelled(one: str, other: str) -> bool:
    """Return whether two names differ only in their signs and in upper and lower case."""
    letters = ["".join(c for c in name.lower() if c.isalnum()) for name in (one, other)]
    return letters[0] == letters[1]


def match_credentials(old: Model, new: Model) -> dict[str, str]:
    """Return the new names of a catalogue's renamed schemes by their old ones."""
    before, after = ({name: one.show() for name, one in model.credentials.items()} for model in (old, new))
    return match_schemes(before, after)


class Sent(NamedTuple):
    """One scheme of a call, by its name in the new edition and the text that calls send for it."""

    name: str
    text: str


Way = frozenset[Sent]
"""The schemes of one alternative; empty for a call without a key."""


def compare_ways(s: Sides) -> Iterator[Change]:
    """Yield the changes of an action's alternatives.

    If both editions have one scheme and only its form changed, another comparison reports that once for the
    whole API.
    """
    before = _list_ways(s.old, s.a, match_credentials(s.old, s.new))
    after = _list_ways(s.new, s.b, {})
    if _is_open(before) != _is_open(after):
        closed = _is_open(before)
        yield s.change(
            "breaking" if closed else "may break",
            "key",
            "needs a key now" if closed else "needs no key any more",
            "security",
            safety=not closed,
        )
        return
    if len(s.old.credentials) <= 1 and len(s.new.credentials) <= 1 and s.a.key == s.b.key:
        return
    shared = _find_shared([*before, *after])
    lost = [way for way in before if not any(other <= way for other in after)]
    if lost:
        yield s.change(
            "breaking",
            "security",
            f"{_describe(lost, shared)} is not enough any more; calls send {_describe(after, shared)}",
            "security",
        )
    elif gained := [way for way in after if not any(other <= way for other in before)]:
        yield s.change(
            "addition", "security", f"may be called with {_describe(gained, shared)} too", "security"
        )
    elif set(before) != set(after):
        yield s.change("addition", "security", f"needs less: {_describe(after, shared)}", "security")


def _list_ways(model: Model, action: Action, renamed: Mapping[str, str]) -> list[Way]:
    return [
        frozenset(Sent(renamed.get(name, name), model.credentials[name].show()) for name in one)
        for one in action.security
    ] or [Way()]


def _is_open(ways: list[Way]) -> bool:
    return Way() in ways


def _find_shared(ways: list[Way]) -> set[str]:
    """Return the texts that calls send for several schemes, so that a message must name these."""
    schemes = {one for way in ways for one in way}
    return {one.text for one in schemes if any(o.text == one.text and o != one for o in schemes)}


def _describe(ways: list[Way], shared: set[str]) -> str:
    return " or ".join(
        " with ".join(
            f"`{one.text}` of {one.name}" if one.text in shared else f"`{one.text}`"
            for one in sorted(way, key=lambda one: (one.text, one.name))
        )
        or "no key"
        for way in ways
    )


def compare_credentials(s: Sides) -> Iterator[Change]:
    """Yield the changes for a caller that has a key.

    The comparison of actions decides whether a call needs a key, and which scheme's if there are several.
    """
    old, new = s.old, s.new
    a, b = old.credential, new.credential
    if a is None or b is None:
        return
    if a.show() != b.show():
        message = f"calls send `{b.show()}` now, was `{a.show()}`"
        yield s.change("breaking", "auth-scheme", message, "schemes", b.name)
    renamed = match_credentials(old, new)
    for name in renamed.values():
        yield s.change("wording", "auth-scheme", f"the scheme is called {name} now", "schemes", name)
    for name, then in old.credentials.items():
        now = new.credentials.get(renamed.get(name, name))
        if now is None and name == a.name:
            now = b
        if now is not None:
            yield from _compare_terms(s, then, now)


def _compare_terms(s: Sides, a: Credential, b: Credential) -> Iterator[Change]:
    """Yield further changes for a caller that has a secret: its prefixes, its forms, and its exchange."""
    if a.exchange is not None and b.exchange is not None:
        yield from _exchange(s, a.exchange, b.exchange, b.name)
    for prefix, mode in a.prefixes.items():
        if b.prefixes.get(prefix) != mode:
            yield s.change(
                "may break",
                "key-prefix",
                f"keys that begin {prefix} do not mean {mode} any more",
                "schemes",
                safety=True,
            )
    for place in sorted(a.also_accepted ^ b.also_accepted):
        gone = place in a.also_accepted
        message = f"a key is {'not accepted there any more' if gone else 'accepted there too'}: {place}"
        yield s.change("breaking" if gone else "addition", "key-form", message, "schemes", b.name)


def _exchange(s: Sides, a: TokenExchange, b: TokenExchange, name: str) -> Iterator[Change]:
    at = ("schemes", name, "flows", "client_credentials")
    for key in ("token_url", "audience", "in_body"):
        if getattr(a, key) != getattr(b, key):
            message = f"tokens are asked for with another {key.replace('_', ' ')}: {getattr(b, key)}"
            yield s.change("breaking", "token-request", message, *at)
    for scope in sorted(a.scopes.keys() ^ b.scopes.keys()):
        gone = scope in a.scopes
        message = f"scope {scope} is {'gone' if gone else 'new'}"
        yield s.change("breaking" if gone else "addition", "token-request", message, *at, "scopes")


def compare_endpoints(s: Sides) -> Iterator[Change]:
    """Yield the changes of the addresses that users sign in by."""
    for key in ENDPOINTS.values():
        was, now = s.a.urls.get(key), s.b.urls.get(key)
        if was != now:
            severity: Severity = "addition" if was is None else "breaking"
            yield s.change(severity, "oauth", f"OAuth's {key} is {now or 'gone'} now", key)


def compare_pkce(s: Sides) -> Iterator[Change]:
    """Yield the change of the clients that need PKCE."""
    if s.a.pkce_binds != s.b.pkce_binds:
        bound = ", ".join(s.b.pkce_binds) or "none"
        yield s.change("breaking", "oauth", f"clients that need PKCE: {bound}", "pkce_binds")


def compare_scopes(s: Sides) -> Iterator[Change]:
    """Yield the scopes that are gone, and those that more actions need."""
    for scope in s.a.scopes:
        if scope not in s.b.scopes:
            yield s.change("breaking", "oauth-scope", f"OAuth scope {scope} is gone", "scopes")
    for scope, actions in s.b.needs.items():
        if more := [name for name in actions if name not in s.a.needs.get(scope, ())]:
            message = f"{', '.join(more)} need scope {scope} now"
            yield s.change("breaking", "oauth-needs", message, "needs", scope)


def compare_plans(s: Sides) -> Iterator[Change]:
    """Yield the plans that include fewer scopes."""
    for plan, scopes in s.a.plans.items():
        lost = [scope for scope in scopes if scope not in s.b.plans.get(plan, ())]
        if lost or plan not in s.b.plans:
            message = f"plan {plan} is without {', '.join(lost) or 'anything'} now"
            yield s.change("breaking", "plan", message, "plans", plan)


def match_code_flows(s: Sides) -> Iterator[Sides]:
    """Yield how users sign in in both editions."""
    a, b = s.old.code_flow, s.new.code_flow
    if flow := b or a:
        yield Sides(s.old, s.new, a, b, "auth", (flow.origin, flow.origin))
