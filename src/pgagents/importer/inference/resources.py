"""Infer resources from the paths of a document: `POST /items`, `GET /items` and `GET /items/{item_id}`.

A resource is inferred if a read by id answers with the id. It is also inferred if that read and a create
both answer with an open object, which names no id. Each one states its source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.importer.inference.identifiers import Found, find_object, find_open_object, may_hold
from pgagents.importer.inference.listing import describe_listing, find_success
from pgagents.importer.inference.states import find_status, infer_states
from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.names import snake, unique
from pgagents.importer.reading.note import Notes
from pgagents.jsonschema.parts import follow
from pgagents.model.values.sure_values import choose_value, find_unsure
from pgagents.text.nouns import singular

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
TAKEN = frozenset((
    "input", "response", "request", "headers", "env", "now", "fresh", "resource", "created", "read",
))  # fmt: skip
"""Names that have another meaning in expressions."""
CREATED, NOT_FOUND = 201, 404
_ACTING = ("POST", "PUT", "PATCH")


@dataclass(slots=True)
class _Paths:
    """The actions of one collection (`/items`) and of one of its items (`/items/{item_id}`), by method."""

    collection: dict[str, ImportedAction] = field(default_factory=dict)
    item: dict[str, ImportedAction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """An inferred resource: its name, the argument and the member with its id, and its parent's path."""

    name: str
    argument: str
    member: str
    parent: str
    kind: str
    """The noun of its path: `item` for `/items`."""
    open: bool
    """True if the document does not name the member that is its id."""


def infer_resources(
    made: Sequence[ImportedAction], named: Mapping[str, Any], errors: Mapping[str, Any], notes: Notes
) -> dict[str, Any]:
    """Return the section `resources`, and record which resource each argument names.

    `named` are the schemas, `errors` is the section of the catalogue.
    """
    paths, codes, always = _group(made), errors["codes"], errors.get("always", ())
    found: dict[str, Any] = {}
    known: dict[str, _Known] = {}
    for path in sorted(paths, key=len):
        one = _identify(path, paths[path], named, known, found)
        if one is None:
            continue
        section, reasons = _describe(one, paths[path], named, known)
        if "made_by" not in section:
            reasons += _make_as_above(section, one, path, paths, named, known, found)
        said = (*paths[path].item["GET"].action.get("errors", ()), *always)
        missing = [code for code in said if find_status(codes.get(code)) == NOT_FOUND]
        if len(missing) == 1:
            section["missing"] = missing[0]
        reasons += _add_states(section, one, path, paths, named, codes)
        known[path] = one
        found[one.name] = section
        if "made_by" not in section:
            _ask_for_value(one, paths[path].collection.get("POST"), named, known, notes)
        notes.infer(("resources", one.name), f"from {_join(reasons)}")
    for action in made:
        _refer(action, known)
    return found


def _make_as_above(
    section: dict[str, Any],
    one: _Known,
    path: str,
    paths: Mapping[str, _Paths],
    named: Mapping[str, Any],
    known: Mapping[str, _Known],
    found: Mapping[str, Any],
) -> tuple[str, ...]:
    """Let `/flows/name/{name}` show what `POST /flows` makes; return the operations that say so.

    The last part of the path is the member that names the instance, and both reads answer with one schema.
    """
    above, _, last = path.rpartition("/")
    other, makes = known.get(above), paths[above].collection.get("POST") if above in paths else None
    if other is None or makes is None or last != one.member or "made_by" not in found[other.name]:
        return ()
    shown = (find_success(several.item["GET"], named) for several in (paths[above], paths[path]))
    if next(shown) != next(shown) or not _find_place(one, makes, named):
        return ()
    made_by = dict(found[other.name]["made_by"])
    if one.member in makes.action["input"]:
        value = choose_value(follow(makes.action["input"][one.member], named), named, {}, one.member)
        if not str(value).startswith("=fresh."):
            return ()
        made_by["input"] = {**made_by.get("input", {}), one.member: _as_slug(value)}
    section["made_by"] = made_by
    if "undone_by" not in section and "undone_by" in found[other.name]:
        section["undone_by"] = found[other.name]["undone_by"]
    return (str(makes.action["http"]),)


def _as_slug(value: Any) -> Any:
    """Return a new text that stands well in a path."""
    return "=fresh.slug" if value == "=fresh.text" else value


def _add_states(
    section: dict[str, Any],
    one: _Known,
    path: str,
    paths: Mapping[str, _Paths],
    named: Mapping[str, Any],
    codes: Mapping[str, Any],
) -> tuple[str, ...]:
    """Add the states of a resource to its section; return the operations that show them."""
    below = f"{path}/{{}}/"
    acting = {
        at.removeprefix(below): action
        for at, several in paths.items()
        for method, action in several.collection.items()
        if at.startswith(below) and "/" not in at.removeprefix(below) and method in _ACTING
    }
    shown = find_object(paths[path].item["GET"], one.argument, one.kind, named)
    given = section.get("made_by", {}).get("input", {})
    states = infer_states(shown[2], acting, given, named, codes) if shown is not None else None
    if states is None:
        return ()
    above = {k: v for k, v in section["read_by"].get("input", {}).items() if k != one.argument}
    calls = {
        action.name: {**above, _PLACEHOLDER.findall(action.action["http"])[-1]: f"=resource.{one.member}"}
        for action in acting.values()
    }
    section |= states.section
    for name, move in section["moves"].items():
        move["input"] = calls[name]
    if states.ending is not None and "undone_by" not in section:
        section["undone_by"] = _call(states.ending, calls[states.ending.name], "")
    return states.reasons


def _group(made: Sequence[ImportedAction]) -> dict[str, _Paths]:
    """Group actions by the path of their collection. The names of placeholders are ignored."""
    found: dict[str, _Paths] = {}
    for one in made:
        method, _, path = str(one.action["http"]).partition(" ")
        path = path.rstrip("/")  # some frameworks write `/items/` beside `/items/{item_id}`
        head, _, last = path.rpartition("/")
        if _PLACEHOLDER.fullmatch(last):
            found.setdefault(_plain(head), _Paths()).item.setdefault(method, one)
        else:
            found.setdefault(_plain(path), _Paths()).collection.setdefault(method, one)
    return found


def _plain(path: str) -> str:
    return _PLACEHOLDER.sub("{}", path)


def _identify(
    path: str, paths: _Paths, named: Mapping[str, Any], known: Mapping[str, _Known], taken: Mapping[str, Any]
) -> _Known | None:
    """Return the resource of a collection's path.

    None if no read answers with its id, or if the containing collection is no resource.
    """
    read = paths.item.get("GET")
    if read is None or read.action["effect"] != "read" or path.endswith("}"):
        return None
    parent = _parent(path)
    if "{}" in path and parent not in known:
        return None
    argument = _PLACEHOLDER.findall(read.action["http"])[-1]
    kind = snake(singular(path.rpartition("/")[2]))
    at = find_object(read, argument, kind, named)
    guess = _guess(paths, argument, kind, named) if at is None else None
    if at is None and guess is None:
        return None
    name = f"{kind}_resource" if kind in TAKEN else kind
    member = (at or guess or ("", ""))[1]
    return _Known(
        unique(name, set(taken)), argument, member, parent if "{}" in path else "", kind, guess is not None
    )


def _guess(paths: _Paths, argument: str, kind: str, named: Mapping[str, Any]) -> Found | None:
    """Return the place of the id if reads and creates answer open objects at the same place; otherwise
    None.
    """
    makes = paths.collection.get("POST")
    both = [find_open_object(one, argument, kind, named) for one in (paths.item["GET"], makes) if one]
    places = {found[0] for found in both if found is not None}
    return both[0] if len(both) == 2 and None not in both and len(places) == 1 else None


def _parent(path: str) -> str:
    """Return the path of the collection to which the last placeholder of a path belongs."""
    return path[: path.rindex("{}")].rstrip("/") if "{}" in path else ""


def _describe(
    one: _Known,
    paths: _Paths,
    named: Mapping[str, Any],
    known: Mapping[str, _Known],
) -> tuple[dict[str, Any], list[str]]:
    """Return a resource's section, and the operations that it was inferred from."""
    read = paths.item["GET"]
    section: dict[str, Any] = {"inferred": True}
    if one.member != "id":
        section["id"] = one.member
    above = _above(one, read, known)
    section["read_by"] = _call(
        read, {**above, one.argument: f"=resource.{one.member}"}, _at(read, one, named)
    )
    reasons = [str(read.action["http"])]
    makes = paths.collection.get("POST")
    made_by = _make(one, makes, named, known)
    if made_by is None:
        makes, made_by = paths.item.get("PUT"), _put(one, paths.item.get("PUT"), named, known)
    listed_by = _list(one, paths.collection.get("GET"), named, known)
    if made_by is not None and makes is not None:
        section["made_by"] = made_by
        reasons.append(str(makes.action["http"]))
    if listed_by is not None:
        section["found_by"] = section["listed_by"] = listed_by
        reasons.append(str(paths.collection["GET"].action["http"]))
    removal = paths.item.get("DELETE")
    if removal is not None:
        named_by = _PLACEHOLDER.findall(removal.action["http"])[-1]
        section["undone_by"] = _call(removal, {**above, named_by: f"=resource.{one.member}"}, "")
        reasons.append(str(removal.action["http"]))
    return section, reasons


def _call(one: ImportedAction, given: Mapping[str, Any], at: str) -> dict[str, Any]:
    call: dict[str, Any] = {"action": one.name}
    call |= {"input": dict(given)} if given else {}
    return call | ({"at": at} if at not in ("", "response") else {})


def _at(one: ImportedAction, resource: _Known, named: Mapping[str, Any]) -> str:
    find = find_open_object if resource.open else find_object
    found = find(one, resource.argument, resource.kind, named)
    return found[0] if found is not None else ""


def _above(one: _Known, action: ImportedAction, known: Mapping[str, _Known]) -> dict[str, Any]:
    """Return the arguments that name a resource's containers, outermost first."""
    found: dict[str, Any] = {}
    names = _PLACEHOLDER.findall(action.action["http"])
    chain: list[_Known] = []
    parent = known.get(one.parent) if one.parent else None
    while parent is not None:
        chain.append(parent)
        parent = known.get(parent.parent) if parent.parent else None
    for above, name in zip(reversed(chain), names, strict=False):
        found[name] = f"={above.name}.{above.member}"
    return found


def _make(
    one: _Known, action: ImportedAction | None, named: Mapping[str, Any], known: Mapping[str, _Known]
) -> dict[str, Any] | None:
    """Return the call that makes an instance.

    None if its answer has no id, or if an argument has no certain value.
    """
    if action is None or action.action["effect"] != "write":
        return None
    place, above = _find_place(one, action, named), _above(one, action, known)
    given = find_values(action, above, named, known)
    return _call(action, {**above, **given}, place) if place and given is not None else None


def _ask_for_value(
    one: _Known,
    action: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, _Known],
    notes: Notes,
) -> None:
    """Ask the author for an example, if a call could make an instance but for one argument without a certain
    value.
    """
    if action is None or action.action["effect"] != "write" or not _find_place(one, action, named):
        return
    above = _above(one, action, known)
    unsure = [
        find_unsure(follow(param, named), named, _find_shown(action), name)
        for name, param in _list_open(action, above, known)
    ]
    if names := [f"`{path}`" for path in unsure if path]:
        notes.decide(
            ("actions", action.name),
            f"which value of {_join(names)} is right? a run can make a `{one.name}` if the document has an "
            "`example` of it, or the resource a `made_by`",
        )


def _find_place(one: _Known, action: ImportedAction, named: Mapping[str, Any]) -> str:
    """Return the place of the id in the answer of a call that makes an instance; empty if it has none."""
    if one.open:
        return _at(action, one, named)
    whole = find_success(action, named)
    inner = [
        (f"response.{n}", follow(s, named))
        for n, s in whole.get("properties", {}).items()
        if n.isidentifier()
    ]
    places = (at for at, s in (("response", whole), *inner) if one.member in s.get("properties", {}))
    return next(places, "")


def _put(
    one: _Known, action: ImportedAction | None, named: Mapping[str, Any], known: Mapping[str, _Known]
) -> dict[str, Any] | None:
    """Return the PUT that makes an instance under an id chosen by the caller.

    None unless its answer 201 is documented, and the id may be any text.
    """
    if action is None or CREATED not in action.action["output"]:
        return None
    argument = _PLACEHOLDER.findall(action.action["http"])[-1]
    param = follow(action.action["input"].get(argument, {}), named)
    id = choose_value(param, named, {}, argument)
    place, above = _find_place(one, action, named), _above(one, action, known)
    above = {**above, argument: _as_slug(id)}
    given = find_values(action, above, named, known)
    new = str(id).startswith("=fresh.")
    return _call(action, {**above, **given}, place) if new and place and given is not None else None


def find_values(
    action: ImportedAction, above: Mapping[str, Any], named: Mapping[str, Any], known: Mapping[str, _Known]
) -> dict[str, Any] | None:
    """Return a value for each required argument; None if one has no value that is certain to be valid."""
    shown = _find_shown(action)
    found: dict[str, Any] = {}
    for name, param in action.action.get("input", {}).items():
        if name in above or not param.get("required"):
            continue
        other = _find_other(name, known)
        value = (
            f"={other.name}.{other.member}"
            if other is not None
            else choose_value(follow(param, named), named, shown, name)
        )
        if value is None:
            return None
        found[name] = value
    return found


def _find_shown(action: ImportedAction) -> Mapping[str, Any]:
    """Return the arguments of the action's first example, and the document's other examples of arguments."""
    first = next((dict(e.get("input", {})) for e in action.action.get("examples", {}).values()), {})
    return {**action.shown, **first}


def _find_other(name: str, known: Mapping[str, _Known]) -> _Known | None:
    """Return the resource that an argument is named after, such as `shelf` for `shelf_id`."""
    return next((k for k in known.values() if name == f"{k.name}_id"), None)


def _list_open(
    action: ImportedAction, above: Mapping[str, Any], known: Mapping[str, _Known]
) -> list[tuple[str, Mapping[str, Any]]]:
    """Yield the required arguments that name no resource, each with its schema."""
    given = action.action.get("input", {}).items()
    return [
        (n, p) for n, p in given if p.get("required") and n not in above and _find_other(n, known) is None
    ]


def _list(
    one: _Known, action: ImportedAction | None, named: Mapping[str, Any], known: Mapping[str, _Known]
) -> dict[str, Any] | None:
    """Return the call that lists instances; None if its answer has no list with their ids."""
    listing = describe_listing(action, named) if action is not None else None
    if action is None or listing is None or not may_hold(listing.item, one.member):
        return None
    above = _above(one, action, known)
    needed = [n for n, p in action.action.get("input", {}).items() if p.get("required") and n not in above]
    return None if needed else _call(action, above, listing.items)


def _refer(one: ImportedAction, known: Mapping[str, _Known]) -> None:
    """Record for each placeholder of a path which resource it names."""
    path = str(one.action["http"]).partition(" ")[2]
    for found in _PLACEHOLDER.finditer(path):
        resource = known.get(_plain(path[: found.start()].rstrip("/")))
        param = one.action.get("input", {}).get(found[1])
        if resource is not None and param is not None:
            param["refers_to"] = resource.name


def _join(reasons: Sequence[str]) -> str:
    return " and ".join([", ".join(reasons[:-1]), reasons[-1]]) if len(reasons) > 1 else reasons[0]
