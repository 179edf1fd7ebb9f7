"""Compare two editions of an OpenAPI 3.0 or 3.1 document: operations, servers, keys, and the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any, NamedTuple

from pgagents.base.text import brief
from pgagents.diff.auth import match_schemes
from pgagents.diff.change import Change, in_order
from pgagents.diff.openapi.both import Both, together
from pgagents.diff.openapi.messages import (
    Sides,
    compare_answers,
    compare_parameters,
    compare_request,
    list_parameters,
)
from pgagents.diff.openapi.tree import Edition, Spot
from pgagents.diff.schemas import Who

MOST = 200
SHOWN = 3
_VARIABLE = re.compile(r"\{([^{}]*)\}")
Server = tuple[str, Spot]


def list_servers(edition: Edition, item: Spot, operation: Spot) -> tuple[list[Spot], Spot]:
    """Return an operation's servers and their place: its own, its path's, or the document's."""
    for owner in (operation, item, edition.root):
        found = edition.open(owner, "servers")
        if isinstance(found.value, list) and found.value:
            return [edition.open(found, n) for n in range(len(found.value))], found
    return [], edition.root


def addresses(edition: Edition, server: Spot) -> list[str]:
    """Return the addresses of a server, at most MOST.

    Each variable is replaced by every listed value; `{}` stands for any value.
    """
    url = edition.text(server, "url").rstrip("/")
    variables = edition.mapping(edition.open(server, "variables"))
    names = _VARIABLE.findall(url)[:20]
    choices: list[list[str]] = []
    for name in names:
        variable: Any = variables.get(name)
        listed = variable.get("enum") if isinstance(variable, dict) else None
        choices.append([str(v) for v in listed] if isinstance(listed, list) and listed else ["{}"])
    parts = _VARIABLE.split(url)[::2]
    if len(parts) != len(names) + 1:
        return [url]
    return [
        "".join(p + c for p, c in zip(parts, (*chosen, ""), strict=True))
        for chosen in islice(product(*choices), MOST)
    ]


def compare_servers(s: Sides, old: tuple[Spot, Spot], new: tuple[Spot, Spot]) -> None:
    """Add the changes of addresses. Each side is a path item with its operation."""
    before, there = list_servers(s.both.old, *old)
    after, here = list_servers(s.both.new, *new)
    then = {address: spot for spot in before for address in addresses(s.both.old, spot)} or {"": there}
    now = {address: spot for spot in after for address in addresses(s.both.new, spot)} or {"": here}
    open_ = [re.compile(".*".join(map(re.escape, a.split("{}"))) + r"\Z") for a in now if "{}" in a]
    lost = [a for a in then if a not in now and not any(p.match(a) for p in open_)]
    told = {
        a: (edition.text(spot, "url") if "{}" in a else a)
        for edition, side in ((s.both.old, then), (s.both.new, now))
        for a, spot in side.items()
    }
    come = [a for a in now if a not in then]
    if lost:
        s.tell(
            "server-removed",
            (
                f"is not served at {_join_addresses(lost, told)} any more: it is at "
                f"{_join_addresses(list(now), told)}"
            ),
            then[lost[0]],
            here,
        )
    elif come:
        s.tell("server-added", f"is served at {_join_addresses(come, told)} too", None, now[come[0]])
    first, is_first = _find_first(s.both.old, before), _find_first(s.both.new, after)
    if not lost and first != is_first:
        message = f"the first address is {_format_address(is_first)} now, was {_format_address(first)}"
        s.tell("server-order", message, there, here)
    if len(before) != len(after):
        return
    if not lost and first == is_first and _defaults(s.both.old, before) != _defaults(s.both.new, after):
        s.tell("server-order", "a variable of the address has another default", there, here)
    if [s.both.old.text(x, "description") for x in before] != [
        s.both.new.text(x, "description") for x in after
    ]:
        s.tell("server-text", "an address is described anew", there, here)


def _find_first(edition: Edition, found: list[Spot]) -> str:
    """Return the address that most callers take: the first server's, with its variables' defaults.

    A variable without a default is written `{}`.
    """
    if not found:
        return ""
    variables = edition.mapping(edition.open(found[0], "variables"))

    def fill(match: re.Match[str]) -> str:
        variable: Any = variables.get(match[1])
        value = variable.get("default") if isinstance(variable, dict) else None
        return "{}" if value is None else str(value)

    return _VARIABLE.sub(fill, edition.text(found[0], "url").rstrip("/"))


def _defaults(edition: Edition, found: list[Spot]) -> list[dict[str, Any]]:
    return [
        {
            name: v.get("default")
            for name, v in edition.mapping(edition.open(spot, "variables")).items()
            if isinstance(v, dict)
        }
        for spot in found
    ]


def _join_addresses(addresses: list[str], told: dict[str, str]) -> str:
    more = f" and {len(addresses) - SHOWN} more" if len(addresses) > SHOWN else ""
    return ", ".join(_format_address(told[address]) for address in addresses[:SHOWN]) + more


def _format_address(address: str) -> str:
    return address or "its own host"


Kind = tuple[str, ...]


class Scheme(NamedTuple):
    """A security scheme, by its name in the new edition and its form on the wire."""

    name: str
    kind: Kind


Way = dict[Scheme, frozenset[str]]
"""The schemes of one alternative, each with its scopes."""


def match_schemes_of(both: Both) -> Mapping[str, str]:
    """Return the new names of renamed schemes by their old ones."""
    if both.renamed is None:
        both.renamed = match_schemes(_list_kinds(both.old), _list_kinds(both.new))
    return both.renamed


def _list_kinds(edition: Edition) -> dict[str, Kind]:
    declared = edition.open(edition.root, "components", "securitySchemes")
    return {name: find_kind(edition, name) for name in edition.mapping(declared)}


def list_ways(edition: Edition, operation: Spot, renamed: Mapping[str, str]) -> tuple[list[Way], Spot]:
    """Return the alternatives for authenticating a call, and their place. An empty one needs no key."""
    own = edition.mapping(operation).get("security")
    spot = operation.at("security") if isinstance(own, list) else edition.root.at("security")
    asked = spot.value if isinstance(spot.value, list) else []
    found: list[Way] = [_way(edition, one, renamed) for one in asked if isinstance(one, dict)]
    return found or [{}], spot if asked or isinstance(own, list) else operation


def _way(edition: Edition, asked: Mapping[str, Any], renamed: Mapping[str, str]) -> Way:
    made: Way = {}
    for name, scopes in asked.items():
        made[Scheme(renamed.get(name, name), find_kind(edition, name))] = (
            frozenset(s for s in scopes if isinstance(s, str)) if isinstance(scopes, list) else frozenset()
        )
    return made


def find_kind(edition: Edition, name: str) -> Kind:
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


def compare_security(s: Sides, old: Spot, new: Spot) -> None:
    """Add the changes in the security of two operations."""
    before, there = list_ways(s.both.old, old, match_schemes_of(s.both))
    after, here = list_ways(s.both.new, new, {})
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


_KIND_NAMES = {
    "http": "{1} key", "apiKey": "key in {1} {2}", "oauth2": "OAuth2", "openIdConnect": "OpenID Connect",
    "mutualTLS": "client certificate",
}  # fmt: skip


def _describe_key(key: Scheme, scopes: frozenset[str], shared: set[Kind]) -> str:
    kind = key.kind
    text = _KIND_NAMES.get(kind[0], "key {1}" if len(kind) > 1 else "{0} key").format(*kind)
    text += f" {key.name}" if kind in shared else ""
    return f"{text} ({', '.join(sorted(scopes))})" if scopes else text


def compare_schemes(both: Both, used: dict[str, str]) -> None:
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


METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
ASKED = "x-openai-isConsequential"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Operation(NamedTuple):
    """One operation: its method, path, path item and value."""

    method: str
    path: str
    item: Spot
    spot: Spot

    def name(self, edition: Edition) -> str:
        """Return the operationId, or else method and path."""
        return edition.text(self.spot, "operationId") or f"{self.method} {self.path}"


Key = tuple[str, str]


def list_operations(edition: Edition, owner: Spot, *keys: str) -> dict[Key, Operation]:
    """Return the operations in a mapping such as `paths`, by method and path without placeholder names."""
    found: dict[Key, Operation] = {}
    paths = edition.open(owner, *keys)
    for path in edition.mapping(paths):
        if path.startswith("x-"):
            continue
        item = edition.open(paths, path)
        others = edition.open(item, "additionalOperations")  # OpenAPI 3.2
        spots = [(method.upper(), edition.open(item, method)) for method in METHODS]
        spots += [(method, edition.open(others, method)) for method in edition.mapping(others)]
        for method, spot in spots:
            if edition.mapping(spot):
                exact, plain = (method, path), (method, _PLACEHOLDER.sub("{}", path))
                found[exact if plain in found else plain] = Operation(method, path, item, spot)
    return found


def compare_operations(both: Both) -> None:
    """Add the changes of all operations under `paths`."""
    before, after = (
        list_operations(both.old, both.old.root, "paths"),
        list_operations(both.new, both.new.root, "paths"),
    )
    moved = dict(_find_moved(both, before, after))
    schemes: dict[str, str] = {}
    for key, old in before.items():
        there = after.get(key) or after.get(moved.get(key, ("", "")))
        if there is None:
            both.tell(
                "operation-removed", old.name(both.old), f"is gone ({old.method} {old.path})", old.spot, None
            )
            continue
        if key not in after:
            message = f"is {there.method} {there.path} now, was {old.method} {old.path}"
            both.tell("route", old.name(both.old), message, old.spot, there.spot)
        compare_operation(both, old, there, "callers")
        schemes |= _schemes(both, old, there)
    taken = {*before, *moved.values()}
    for key, new in after.items():
        if key not in taken:
            both.tell(
                "operation-added", new.name(both.new), f"is new ({new.method} {new.path})", None, new.spot
            )
    compare_schemes(both, schemes)


def _find_moved(
    both: Both, before: dict[Key, Operation], after: dict[Key, Operation]
) -> Iterator[tuple[Key, Key]]:
    """Yield operations with the same operationId at another address."""
    ids = {both.new.text(o.spot, "operationId"): key for key, o in after.items() if key not in before}
    for key, old in before.items():
        id = both.old.text(old.spot, "operationId")
        if key not in after and id in ids and id:
            yield key, ids[id]


def _schemes(both: Both, old: Operation, new: Operation) -> dict[str, str]:
    """Return old and new names of the security schemes that are equal and that operations use."""
    names = [_list_security(both.old, old.spot), _list_security(both.new, new.spot)]
    renamed = match_schemes_of(both)
    return {
        a: b
        for a in names[0]
        if (b := renamed.get(a, a)) in names[1] and find_kind(both.old, a) == find_kind(both.new, b)
    }


def _list_security(edition: Edition, spot: Spot) -> list[str]:
    own = edition.mapping(spot).get("security")
    asked = own if isinstance(own, list) else edition.mapping(edition.root).get("security")
    return [name for way in asked if isinstance(way, dict) for name in way] if isinstance(asked, list) else []


def compare_operation(both: Both, old: Operation, new: Operation, who: Who) -> None:
    """Compare one operation.

    `who` sends requests to the API (callers), or gets the API's own calls (readers).
    """
    s = Sides(both, new.name(both.new), who)
    answered: Who = "readers" if who == "callers" else "callers"
    _names(s, old, new)
    if who == "callers":
        compare_security(s, old.spot, new.spot)
        compare_servers(s, (old.item, old.spot), (new.item, new.spot))
    names = [_PLACEHOLDER.findall(o.path) for o in (old, new)]
    sides = (
        list_parameters(both.old, old.item, old.spot, names[0]),
        list_parameters(both.new, new.item, new.spot, names[1]),
    )
    compare_parameters(s, *sides)
    compare_request(s, both.old.open(old.spot, "requestBody"), both.new.open(new.spot, "requestBody"))
    compare_answers(s, old.spot, new.spot, answered)
    _callbacks(both, s.subject, old.spot, new.spot)


def _names(s: Sides, old: Operation, new: Operation) -> None:
    a, b = s.both.old, s.both.new
    before, after = a.text(old.spot, "operationId"), b.text(new.spot, "operationId")
    if before and before != after:
        message = (
            f"operationId is {after or 'none'} now, was {before}: agents and generated clients call it "
            "by that name"
        )
        s.tell("operation-renamed", message, old.spot, new.spot)
    elif after and not before:
        s.tell("operation-named", f"has an operationId now: {after}", old.spot, new.spot)
    was, is_ = a.mapping(old.spot), b.mapping(new.spot)
    if any(was.get(key) != is_.get(key) for key in ("summary", "description")):
        text = next(
            (b.text(new.spot, key) for key in ("description", "summary") if was.get(key) != is_.get(key)), ""
        )
        s.tell(
            "description",
            f"its description changed, so a model may call it at other times: {brief(text, 100)}",
            old.spot,
            new.spot,
        )
    if bool(was.get("deprecated")) != bool(is_.get("deprecated")):
        s.tell(
            "deprecated",
            "is deprecated now" if is_.get("deprecated") else "is not deprecated any more",
            old.spot,
            new.spot,
        )
    for key in ("tags", "externalDocs"):
        if was.get(key) != is_.get(key):
            s.tell("shown", f"its {key} changed", old.spot, new.spot)
    if was.get(ASKED) is True and is_.get(ASKED) is not True:
        s.tell(
            "consequential-dropped",
            f"is without {ASKED}: no person is asked before it any more",
            old.spot,
            new.spot,
            safety=True,
        )
    elif was.get(ASKED) is not True and is_.get(ASKED) is True:
        s.tell("consequential", "a person is asked before it now", old.spot, new.spot, safety=True)


def _callbacks(both: Both, subject: str, old: Spot, new: Spot) -> None:
    before, after = both.old.members(old, "callbacks"), both.new.members(new, "callbacks")
    for name, spot in before.items():
        if name not in after:
            both.tell(
                "event-removed", subject, f"callback {name} is gone: nobody is called any more", spot, None
            )
        else:
            compare_events(both, spot, after[name], f"{subject}, callback {name}")
    for name, spot in after.items():
        if name not in before:
            both.tell("event-added", subject, f"callback {name} is new", None, spot)


def compare_events(both: Both, old: Spot, new: Spot, what: str = "") -> None:
    """Compare calls that the API makes. Users read their bodies and send their answers."""
    places = both.old.place(old), both.new.place(new)
    if places in both.called:
        return
    both.called.add(places)
    before, after = list_operations(both.old, old), list_operations(both.new, new)
    for key, then in before.items():
        if key in after:
            compare_operation(both, then, after[key], "readers")
        else:
            both.tell(
                "event-removed",
                what or then.name(both.old),
                f"is not sent any more ({then.method} {then.path})",
                then.spot,
                None,
            )
    for key, now in after.items():
        if key not in before:
            both.tell(
                "event-added",
                what or now.name(both.new),
                f"is sent too ({now.method} {now.path})",
                None,
                now.spot,
            )


_SHOWN = ("title", "summary", "description", "termsOfService", "contact", "license")
WEBHOOKS = ("webhooks", "x-webhooks")


def compare(old: Edition, new: Edition) -> list[Change]:
    """Return all changes, the most severe first. A change that cannot be decided may be breaking."""
    both = Both(old, new)
    _document(both)
    compare_operations(both)
    for key in WEBHOOKS:
        compare_events(both, old.open(old.root, key), new.open(new.root, key))
    both.compare_named()
    return in_order(together(both.changes))


def _document(both: Both) -> None:
    a, b = both.old.mapping(both.old.root), both.new.mapping(both.new.root)
    before, after = both.old.root.at("info"), both.new.root.at("info")
    changed = [key for key in _SHOWN if both.old.mapping(before).get(key) != both.new.mapping(after).get(key)]
    if changed:
        both.tell("document-text", "info", f"{', '.join(changed)} changed", before, after)
    for key in ("tags", "externalDocs"):
        if a.get(key) != b.get(key):
            both.tell("document-text", key, "changed", both.old.root.at(key), both.new.root.at(key))
    if a.get("jsonSchemaDialect") != b.get("jsonSchemaDialect"):
        both.tell(
            "dialect",
            "jsonSchemaDialect",
            f"is {b.get('jsonSchemaDialect')} now",
            both.old.root,
            both.new.root,
        )
