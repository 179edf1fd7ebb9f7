"""Compare operations: removed, new, moved or changed ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from pgagents.diff.openapi import answers, bodies, parameters, security, servers
from pgagents.diff.openapi.both import Both
from pgagents.diff.openapi.parameters import Sides
from pgagents.diff.openapi.tree import Edition, Spot
from pgagents.diff.shapes.difference import Who
from pgagents.text.brief import brief

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


def operations(edition: Edition, owner: Spot, *keys: str) -> dict[Key, Operation]:
    """Return the operations in a mapping such as `paths`, by method and path without placeholder names."""
    found: dict[Key, Operation] = {}
    paths = edition.open(owner, *keys)
    for path in edition.mapping(paths):
        if path.startswith("x-"):
            continue
        item = edition.open(paths, path)
        for method in METHODS:
            spot = edition.open(item, method)
            if edition.mapping(spot):
                exact, plain = (method.upper(), path), (method.upper(), _PLACEHOLDER.sub("{}", path))
                found[exact if plain in found else plain] = Operation(method.upper(), path, item, spot)
    return found


def compare(both: Both) -> None:
    """Add the changes of all operations under `paths`."""
    before, after = operations(both.old, both.old.root, "paths"), operations(both.new, both.new.root, "paths")
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
        one(both, old, there, "callers")
        schemes |= _schemes(both, old, there)
    taken = {*before, *moved.values()}
    for key, new in after.items():
        if key not in taken:
            both.tell(
                "operation-added", new.name(both.new), f"is new ({new.method} {new.path})", None, new.spot
            )
    security.schemes(both, schemes)


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
    renamed = security.match(both)
    return {
        a: b
        for a in names[0]
        if (b := renamed.get(a, a)) in names[1] and security.kind(both.old, a) == security.kind(both.new, b)
    }


def _list_security(edition: Edition, spot: Spot) -> list[str]:
    own = edition.mapping(spot).get("security")
    asked = own if isinstance(own, list) else edition.mapping(edition.root).get("security")
    return [name for way in asked if isinstance(way, dict) for name in way] if isinstance(asked, list) else []


def one(both: Both, old: Operation, new: Operation, who: Who) -> None:
    """Compare one operation.

    `who` sends requests to the API (callers), or gets the API's own calls (readers).
    """
    s = Sides(both, new.name(both.new), who)
    answered: Who = "readers" if who == "callers" else "callers"
    _names(s, old, new)
    if who == "callers":
        security.compare(s, old.spot, new.spot)
        servers.compare(s, (old.item, old.spot), (new.item, new.spot))
    names = [_PLACEHOLDER.findall(o.path) for o in (old, new)]
    sides = (
        parameters.parameters(both.old, old.item, old.spot, names[0]),
        parameters.parameters(both.new, new.item, new.spot, names[1]),
    )
    parameters.compare(s, *sides)
    bodies.request(s, both.old.open(old.spot, "requestBody"), both.new.open(new.spot, "requestBody"))
    answers.compare(s, old.spot, new.spot, answered)
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
            events(both, spot, after[name], f"{subject}, callback {name}")
    for name, spot in after.items():
        if name not in before:
            both.tell("event-added", subject, f"callback {name} is new", None, spot)


def events(both: Both, old: Spot, new: Spot, what: str = "") -> None:
    """Compare calls that the API makes. Users read their bodies and send their answers."""
    places = both.old.place(old), both.new.place(new)
    if places in both.called:
        return
    both.called.add(places)
    before, after = operations(both.old, old), operations(both.new, new)
    for key, then in before.items():
        if key in after:
            one(both, then, after[key], "readers")
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
