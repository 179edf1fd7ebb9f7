"""Compare the credentials for an operation: each former alternative must still work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pgagents.diff.auth import match_schemes
from pgagents.diff.openapi.both import Both
from pgagents.diff.openapi.parameters import Sides
from pgagents.diff.openapi.tree import Edition, Spot

Kind = tuple[str, ...]


class Scheme(NamedTuple):
    """A security scheme, by its name in the new edition and its form on the wire."""

    name: str
    kind: Kind


Way = dict[Scheme, frozenset[str]]
"""The schemes of one alternative, each with its scopes."""


def match(both: Both) -> Mapping[str, str]:
    """Return the new names of renamed schemes by their old ones."""
    if both.renamed is None:
        both.renamed = match_schemes(_list_kinds(both.old), _list_kinds(both.new))
    return both.renamed


def _list_kinds(edition: Edition) -> dict[str, Kind]:
    declared = edition.open(edition.root, "components", "securitySchemes")
    return {name: kind(edition, name) for name in edition.mapping(declared)}


def ways(edition: Edition, operation: Spot, renamed: Mapping[str, str]) -> tuple[list[Way], Spot]:
    """Return the alternatives for authenticating a call, and their place. An empty one needs no key."""
    own = edition.mapping(operation).get("security")
    spot = operation.at("security") if isinstance(own, list) else edition.root.at("security")
    asked = spot.value if isinstance(spot.value, list) else []
    found: list[Way] = [_way(edition, one, renamed) for one in asked if isinstance(one, dict)]
    return found or [{}], spot if asked or isinstance(own, list) else operation


def _way(edition: Edition, asked: Mapping[str, Any], renamed: Mapping[str, str]) -> Way:
    made: Way = {}
    for name, scopes in asked.items():
        made[Scheme(renamed.get(name, name), kind(edition, name))] = (
            frozenset(s for s in scopes if isinstance(s, str)) if isinstance(scopes, list) else frozenset()
        )
    return made


def kind(edition: Edition, name: str) -> Kind:
    """Return a security scheme as a tuple that is equal for schemes with the same form on the wire."""
    spot = edition.open(edition.root, "components", "securitySchemes", name)
    scheme = edition.mapping(spot)
    of = str(scheme.get("type"))
    if of == "apiKey":
        place, key = str(scheme.get("in")), str(scheme.get("name"))
        return of, place, key.lower() if place == "header" else key
    if of == "http":
        return of, str(scheme.get("scheme")).lower()
    return (of,) if scheme else ("unknown", name)


def compare(s: Sides, old: Spot, new: Spot) -> None:
    """Add the changes in the security of two operations."""
    before, there = ways(s.both.old, old, match(s.both))
    after, here = ways(s.both.new, new, {})
    if all(way in after for way in before) and all(way in before for way in after):
        return
    shared = _find_shared([*before, *after])
    lost = [way for way in before if not any(_enough(way, other) for other in after)]
    if lost:
        needed = _describe_ways(after, shared, " or ")
        message = f"{_describe_ways(lost, shared)} is not enough any more: {needed} is needed"
        s.tell("security", message, there, here)
    elif {} in after and {} not in before:
        s.tell("security-dropped", "needs no key any more", there, here, safety=True)
    elif gained := [way for way in after if not any(_enough(way, other) for other in before)]:
        s.tell("security-added", f"may be called with {_describe_ways(gained, shared)} too", there, here)
    else:
        s.tell("security-added", f"needs less: {_describe_ways(after, shared, ' or ')}", there, here)


def _enough(held: Way, asked: Way) -> bool:
    """Return whether a caller that has all of `held` has everything in `asked`."""
    return all(key in held and scopes <= held[key] for key, scopes in asked.items())


def _find_shared(found: list[Way]) -> set[Kind]:
    """Return the kinds of several schemes, so that a message must name these."""
    schemes = {scheme for way in found for scheme in way}
    return {one.kind for one in schemes if any(o.kind == one.kind and o != one for o in schemes)}


def _describe_ways(found: list[Way], shared: set[Kind], between: str = ", ") -> str:
    return between.join(
        " with ".join(_describe_key(key, scopes, shared) for key, scopes in way.items()) or "no key"
        for way in found
    )


_NAMES = {
    "http": "{1} key", "apiKey": "key in {1} {2}", "oauth2": "OAuth2", "openIdConnect": "OpenID Connect",
    "mutualTLS": "client certificate",
}  # fmt: skip


def _describe_key(key: Scheme, scopes: frozenset[str], shared: set[Kind]) -> str:
    kind = key.kind
    text = _NAMES.get(kind[0], "key {1}" if len(kind) > 1 else "{0} key").format(*kind)
    text += f" {key.name}" if kind in shared else ""
    return f"{text} ({', '.join(sorted(scopes))})" if scopes else text


def schemes(both: Both, used: dict[str, str]) -> None:
    """Add the changes of OAuth URLs, flows and scopes. `used` maps old names of used schemes to new ones."""
    for name, other in used.items():
        old = both.old.open(both.old.root, "components", "securitySchemes", name)
        new = both.new.open(both.new.root, "components", "securitySchemes", other)
        a, b = both.old.mapping(old), both.new.mapping(new)
        if a.get("type") == b.get("type"):
            _flows(both, other, old, new)
            if a.get("openIdConnectUrl") != b.get("openIdConnectUrl"):
                both.tell(
                    "oauth-address", other, f"openIdConnectUrl is {b.get('openIdConnectUrl')} now", old, new
                )
            if any(a.get(key) != b.get(key) for key in ("description", "bearerFormat")):
                both.tell("security-text", other, "is described anew", old, new)


def _flows(both: Both, subject: str, old: Spot, new: Spot) -> None:
    before, after = both.old.members(old, "flows"), both.new.members(new, "flows")
    for name, spot in before.items():
        if name not in after:
            both.tell("oauth", subject, f"flow {name} is gone", spot, None)
            continue
        a, b = both.old.mapping(spot), both.new.mapping(after[name])
        for key, id in (
            ("authorizationUrl", "oauth"),
            ("tokenUrl", "oauth"),
            ("refreshUrl", "oauth-address"),
        ):
            if a.get(key) != b.get(key) and not (key == "refreshUrl" and key not in a):
                both.tell(
                    id,
                    subject,
                    f"{key} of flow {name} is {b.get(key)} now, was {a.get(key)}",
                    spot,
                    after[name],
                )
        then, now = (m["scopes"] if isinstance(m.get("scopes"), dict) else {} for m in (a, b))
        for scope in (x for x in then if x not in now):
            both.tell("oauth", subject, f"flow {name}: scope {scope} is gone", spot, after[name])
        for scope in (x for x in now if x not in then):
            both.tell("oauth-added", subject, f"flow {name}: scope {scope} is new", spot, after[name])
    for name, spot in after.items():
        if name not in before:
            both.tell("oauth-added", subject, f"flow {name} is new", None, spot)
