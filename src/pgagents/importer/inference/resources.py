"""Infer resources from the paths of a document, and which arguments name their instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgagents.base.cel.parser import NO_VARIABLES
from pgagents.base.jsonschema.schema import follow, is_type
from pgagents.base.text import bare_path, singular, split_words
from pgagents.catalogue.model.values import choose_value
from pgagents.importer.inference.creates import (
    ACCEPTED,
    ENOUGH,
    MADE_UP,
    PLACEHOLDER,
    Found,
    InferredResource,
    as_slug,
    ask_for_value,
    find_create,
    find_created_place,
    find_id_by_structure,
    find_id_member,
    find_instance,
    find_located,
    find_marked,
    find_object,
    find_open_object,
    find_put,
    find_referred,
    find_undescribed,
    index_names,
    is_undescribed,
    join_and,
    list_containers,
    list_named,
    list_shown,
    make_call,
    make_id_names,
    may_hold,
    name_form,
)
from pgagents.importer.inference.pages import (
    describe_listing,
    find_list_input,
    find_success,
    list_forms,
    read_argument,
    read_schema,
)
from pgagents.importer.inference.parts import count_parts, describe_part, find_part
from pgagents.importer.inference.paths import Paths, find_at, find_parent, group_paths
from pgagents.importer.inference.states import find_status, infer_states
from pgagents.importer.inference.uniques import infer_unique
from pgagents.importer.names import Notes, snake, unique
from pgagents.importer.operations import ImportedAction

_TAKEN = NO_VARIABLES | {
    "input", "response", "request", "headers", "env", "now", "fresh", "resource", "created", "read",
}  # fmt: skip
"""Words that name something else in expressions, or nothing, as `return` and `package`."""
NOT_FOUND = 404
_ACTING = ("POST", "PUT", "PATCH")
_REMOVED_AT = ("deleted_at", "deletedAt", "removed_at", "removedAt")
_REMOVED = ("deleted", "is_deleted", "isDeleted", "removed")


def infer_resources(
    made: Sequence[ImportedAction], named: Mapping[str, Any], errors: Mapping[str, Any], notes: Notes
) -> dict[str, Any]:
    """Return the section `resources`, and record which resource each argument names.

    `named` are the schemas, `errors` is the section of the catalogue.
    """
    paths, codes, always = group_paths(made), errors["codes"], errors.get("always", ())
    found: dict[str, Any] = {}
    known: dict[str, InferredResource] = {}
    wanted = frozenset(snake(name) for action in made for name in action.action.get("input", {}))
    for path in sorted(paths, key=len):
        one = _identify(path, paths, named, known, wanted)
        if one is not None:
            known[path] = one
    elsewhere, lists = _look_elsewhere(paths, named, known)
    if doubled := {at for at, _, _ in lists.values() if at in known and not known[at].argument}:
        for at in doubled:
            del known[at]  # its list shows what another path reads
        elsewhere, lists = _look_elsewhere(paths, named, known)
    below = _list_below(paths, named, known)
    for path, one in known.items():
        section, reasons = _describe(one, paths[path], named, known)
        if paths[path].read is None and "GET" not in paths[path].collection and one.parent in paths:
            section |= describe_part(one, paths[path], paths[one.parent].read, named, known)
        makers = elsewhere.get(path, []) if "made_by" not in section else []
        reasons += [str(action.action["http"]) for action, _ in makers]
        if makers:
            section["made_by"] = makers[0][1]
        if makers and path in lists and "listed_by" not in section:
            _, listed, call = lists[path]
            section["found_by"] = section["listed_by"] = call
            reasons.append(str(listed.action["http"]))
        reasons += _add_lists(section, below.get(path, ()))
        if "made_by" not in section:
            reasons += _make_as_above(section, one, path, paths, named, known, found)
        if "made_by" not in section:
            reasons += _make_at_own_path(section, one, paths[path], named, known, codes)
        if len(missing := _list_missing(paths[path], path, codes, always)) == 1:
            section["missing"] = missing[0]
        reasons += _add_states(section, one, path, paths, named, codes)
        maker = next((a for a in made if a.name == section.get("made_by", {}).get("action")), None)
        if maker is not None and (taken := infer_unique(section["made_by"], maker, codes)):
            section["unique"] = taken
        found[one.name] = section
        for action, call in makers[1:]:  # one read shows what several calls make
            kind = snake(singular(bare_path(str(action.action["http"])).rpartition("/")[2]))
            name = name_apart(kind, {*found, *(k.name for k in known.values())})
            found[name] = {**section, "made_by": call}
            notes.infer(("resources", name), f"from {action.action['http']} and the read of {one.name}")
        if "made_by" not in section or MADE_UP in section["made_by"].get("input", {}).values():
            ask_for_value(one, paths[path].collection.get("POST"), named, known, notes)
        notes.infer(("resources", one.name), f"from {join_and(reasons)}")
    count_parts(paths, known, found, named, notes)
    by_name = index_names(known.values())
    homes = {**known, **{paths[path].beside: one for path, one in known.items() if paths[path].beside}}
    for action in made:
        _refer(action, known)
        _refer_by_name(action, named, homes, by_name, notes)
        _refer_of_read(action, named, found, by_name, notes)
    return found


def name_apart(noun: str, taken: set[str]) -> str:
    """Return the name of a resource, which no other has and which expressions can say."""
    return unique(f"{noun}_resource" if noun in _TAKEN else noun, taken)


def _list_missing(paths: Paths, path: str, codes: Mapping[str, Any], always: Sequence[str]) -> list[str]:
    """Return the error codes for an id that does not exist, of the nearest action that names one item alone.

    An action of a longer path may say it of a further id.
    """
    depth = path.count("{}") + 1
    naming = [one for one in paths.naming if len(PLACEHOLDER.findall(one.action["http"])) == depth]
    said = (*(paths.read or naming[0]).action.get("errors", ()), *always) if naming else always
    return [code for code in said if find_status(codes.get(code)) == NOT_FOUND]


def _make_as_above(
    section: dict[str, Any],
    one: InferredResource,
    path: str,
    paths: Mapping[str, Paths],
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    found: Mapping[str, Any],
) -> tuple[str, ...]:
    """Let `/flows/name/{name}` show what `POST /flows` makes; return the operations that say so.

    The last part of the path is the member that names the instance, and both reads answer with one schema.
    """
    above, _, last = path.rpartition("/")
    other, makes = known.get(above), paths[above].collection.get("POST") if above in paths else None
    if other is None or makes is None or last != one.member or "made_by" not in found[other.name]:
        return ()
    reads = [several.read for several in (paths[above], paths[path])]
    shown = [find_success(read, named) for read in reads if read is not None]
    if len(shown) != len(reads) or shown[0] != shown[1] or not find_created_place(one, makes, named):
        return ()
    made_by = dict(found[other.name]["made_by"])
    if one.member in makes.action["input"]:
        value = choose_value(read_argument(makes, one.member, named), named, {}, one.member)
        if not str(value).startswith("=fresh."):
            return ()
        made_by["input"] = {**made_by.get("input", {}), one.member: as_slug(value)}
    section["made_by"] = made_by
    if "undone_by" not in section and "undone_by" in found[other.name]:
        section["undone_by"] = found[other.name]["undone_by"]
    return (str(makes.action["http"]),)


def _make_at_own_path(
    section: dict[str, Any],
    one: InferredResource,
    paths: Paths,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    codes: Mapping[str, Any],
) -> tuple[str, ...]:
    """Let the POST or PUT of an item's own path make one, as no other call does; return the operation.

    No answer 201 is documented (ActivityWatch's aw-server, 2026-11-28), so a run reads first that nobody has
    the id, and a removal stands beside it. A PUT beside a POST changes what the POST makes, and one that
    documents that an id is missing makes none.
    """
    if paths.read is None or "DELETE" not in paths.item or "POST" in paths.collection:
        return ()
    action = paths.item.get("POST") or paths.item["PUT"] if {"POST", "PUT"} & paths.item.keys() else None
    if action is None:
        return ()
    missing = any(find_status(codes.get(code)) == NOT_FOUND for code in action.action.get("errors", ()))
    if missing and len(PLACEHOLDER.findall(action.action["http"])) == 1:
        return ()
    if (call := find_put(one, action, named, known, documented=False)) is None:
        return ()
    section["made_by"] = call
    return (str(action.action["http"]),)


_Makers = list[tuple[ImportedAction, dict[str, Any]]]
"""Actions that make an instance, each with its call."""


def _look_elsewhere(
    paths: Mapping[str, Paths], named: Mapping[str, Any], known: Mapping[str, InferredResource]
) -> tuple[dict[str, _Makers], dict[str, tuple[str, ImportedAction, dict[str, Any]]]]:
    """Return by path what makes its instances under other paths, and the list that stands where one does."""
    makers = {
        path: _make_elsewhere(one, path, paths, named, known)
        for path, one in known.items()
        if one.argument and "POST" not in paths[path].collection
    }
    lists = {
        path: listed
        for path, found in makers.items()
        if len(found) == 1 and (listed := _list_where_made(known[path], *found[0], paths, named)) is not None
    }
    return makers, lists


def _make_elsewhere(
    one: InferredResource,
    path: str,
    paths: Mapping[str, Paths],
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
) -> _Makers:
    """Return the calls of other paths that make what one reads: `POST /shelves/{shelf_id}/counts` for
    `GET /counts/{count_id}`, or `POST /exports` for the job whose `job_id` it answers.

    Several are told apart by what they answer: all of them show exactly what the read does, and a removal is
    known. None makes it if what contains the new instance is not a resource.
    """
    makers = [
        (at, several.collection["POST"])
        for at, several in paths.items()
        if "POST" in several.collection and not several.naming and not at.startswith(f"{path}/")
    ]
    found = [
        (action, call)
        for at, action in makers
        if _makes_elsewhere(one, action, at, path, named)
        and (call := _call_elsewhere(one, action, named, known)) is not None
    ]
    if len(found) == 1:
        return found
    read = paths[path].read
    shown = (
        find_success(read, named).get("properties")
        if read is not None and "DELETE" in paths[path].item
        else {}
    )
    alike = [
        action for _, action in makers if shown and find_success(action, named).get("properties") == shown
    ]
    calls = [(action, _call_elsewhere(one, action, named, known)) for action in alike]
    return [(action, call) for action, call in calls if call is not None]


def _list_where_made(
    one: InferredResource,
    maker: ImportedAction,
    made_by: Mapping[str, Any],
    paths: Mapping[str, Paths],
    named: Mapping[str, Any],
) -> tuple[str, ImportedAction, dict[str, Any]] | None:
    """Return the path of a create, and its GET as the call that lists what one of a third path reads; None if
    it lists something else.
    """
    target = str(maker.action["http"]).partition(" ")[2].rstrip("/")
    at = next(at for at, several in paths.items() if several.collection.get("POST") is maker)
    holders = PLACEHOLDER.findall(target)
    action = paths[at].collection.get("GET")
    listing = describe_listing(action, named) if action is not None else None
    needed = find_list_input(action, named) if action is not None else None
    if action is None or listing is None or action.action["effect"] != "read" or needed is None:
        return None
    form = name_form(action, listing.items, named, listed=True)
    if (one.forms and form not in one.forms) or one.member not in listing.item.get("properties", {}):
        return None
    own = PLACEHOLDER.findall(action.action["http"])
    above = {name: made_by["input"][holder] for name, holder in zip(own, holders, strict=True)}
    return at, action, make_call(action, {**above, **needed}, listing.items)


_Listed = tuple[ImportedAction, dict[str, Any], dict[str, Any]]
"""A list under a container, as a call for an instance and as a call to find one."""


def _list_below(
    paths: Mapping[str, Paths], named: Mapping[str, Any], known: dict[str, InferredResource]
) -> dict[str, list[_Listed]]:
    """Return by path the lists that show, under a container, what it reads; take them out of `known`.

    The items of `/members/{member_id}/bookings` have the schema of `GET /bookings/{booking_id}`, and name
    their container in a member.
    """
    found: dict[str, list[_Listed]] = {}
    for at, listed in [*known.items()]:
        action, holder = paths[at].collection.get("GET"), known.get(listed.parent)
        if listed.argument or holder is None or action is None or "POST" in paths[at].collection:
            continue
        listing = describe_listing(action, named)
        holders = PLACEHOLDER.findall(str(action.action["http"]))
        if listing is None or len(holders) != 1:
            continue
        form, members = name_form(action, listing.items, named, listed=True), listing.item["properties"]
        owners = [p for p, one in known.items() if form and one.argument and form in one.forms]
        names = [m for m in members if snake(m) in make_id_names(holder.kind, holder.member)]
        if len(owners) != 1 or len(names) != 1 or known[owners[0]].member not in members:
            continue
        calls = [
            make_call(action, {holders[0]: f"={value}"}, listing.items)
            for value in (f"resource.{names[0]}", f"{holder.name}.{holder.member}")
        ]
        found.setdefault(owners[0], []).append((action, calls[0], calls[1]))
        del known[at]
    return found


def _add_lists(section: dict[str, Any], below: Sequence[_Listed]) -> list[str]:
    for _, call, finds in below:
        section.setdefault("found_by", finds)
        calls = section.get("listed_by", [])
        calls = [*(calls if isinstance(calls, list) else [calls]), call]
        section["listed_by"] = calls if len(calls) > 1 else call
    return [str(action.action["http"]) for action, _, _ in below]


def _call_elsewhere(
    one: InferredResource,
    action: ImportedAction,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
) -> dict[str, Any] | None:
    above = {}
    target = str(action.action["http"]).partition(" ")[2]
    for match in PLACEHOLDER.finditer(target):
        holder = find_at(known, target[: match.start()].rstrip("/"), match[1])
        if holder is None or holder is one:
            return None
        above[match[1]] = f"={holder.name}.{holder.member}"
    return find_create(one, action, named, known, above)


def _makes_elsewhere(
    one: InferredResource, action: ImportedAction, at: str, path: str, named: Mapping[str, Any]
) -> bool:
    """True if a POST of a path without items makes the resource: by the noun of its path, or as a job.

    A job is accepted with 202 and with its id under its own name.
    """
    if "{}" in path or not find_created_place(one, action, named):
        return False
    if at.rpartition("/")[2] == path.rpartition("/")[2]:
        return True
    members = {snake(name) for name in find_success(action, named).get("properties", {})}
    given = {snake(name) for name in action.action.get("input", {})}
    return ACCEPTED in action.action["output"] and bool(members & make_id_names(one.kind, one.member) - given)


def _add_states(
    section: dict[str, Any],
    one: InferredResource,
    path: str,
    paths: Mapping[str, Paths],
    named: Mapping[str, Any],
    codes: Mapping[str, Any],
) -> tuple[str, ...]:
    read, below = paths[path].read, f"{path}/{{}}/"
    if read is None:
        return ()
    acting = {
        at.removeprefix(below): action
        for at, several in paths.items()
        for method, action in several.collection.items()
        if at.startswith(below) and "/" not in at.removeprefix(below) and method in _ACTING
    }
    shown = find_instance(read, one, named)
    given = section.get("made_by", {}).get("input", {})
    states = infer_states(shown[1], acting, given, named, codes) if shown is not None else None
    if states is None:
        return ()
    above = {k: v for k, v in section["read_by"].get("input", {}).items() if k != one.argument}
    calls = {
        action.name: {**above, PLACEHOLDER.findall(action.action["http"])[-1]: f"=resource.{one.member}"}
        for action in acting.values()
    }
    section |= states.section
    for name, move in section["moves"].items():
        move["input"] = calls[name]
    if states.ending is not None and "undone_by" not in section:
        section["undone_by"] = make_call(states.ending, calls[states.ending.name], "")
    return states.reasons


def _identify(
    path: str,
    all_paths: Mapping[str, Paths],
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    wanted: frozenset[str],
) -> InferredResource | None:
    """Return the resource of a collection's path. `wanted` are the names of all arguments.

    None if no read and no list answers with its id, or if the containing collection is not a resource.
    """
    paths = all_paths[path]
    parent, read = find_parent(path), paths.read
    if path.endswith("}") or ("{}" in path and parent not in known) or (not path and read is None):
        return None
    kind = snake(singular(path.rpartition("/")[2]))
    named_by, argument = _find_naming(paths, path)
    if named_by is None:
        return _identify_wanted(path, paths, kind, named, known, wanted)
    at = find_object(read, argument, kind, named) if read is not None else None
    guess = _guess(paths, argument, named) if read is not None and at is None else None
    member = (at or guess or ("", ""))[1] or _find_listed(paths, named_by, argument, kind, named)
    param = _find_narrowest(paths, named_by, argument, named)
    member = member or _find_by_structure(_with_create(path, all_paths), named_by, param, named)
    above = all_paths[parent].read if parent in known else None
    member = member or find_part(paths, argument, kind, param, above, named)
    if not member:
        return None
    return InferredResource(
        name_apart(kind, {other.name for other in known.values()}),
        argument,
        member,
        parent if "{}" in path else "",
        kind,
        guess is not None,
        _find_id_schema(param, member, at, named),
        _list_forms(paths, at, named),
    )


_PLAIN_IDS = frozenset(("id", "pk"))


def _find_narrowest(
    paths: Paths, named_by: ImportedAction, argument: str, named: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the schema of the argument that names an item, or of the integer by which another method of the
    path does: a text may be `{id_or_slug}`, of which `PUT /dashboard/{pk}` takes the number (Superset 6.1.0,
    2026-11-29).
    """
    own: Mapping[str, Any] = named_by.action["input"].get(argument, {})
    if not is_type(read_schema(own, named), ("string",)) or _PLAIN_IDS.isdisjoint(split_words(argument)):
        return own
    every = (
        read_argument(one, PLACEHOLDER.findall(one.action["http"])[-1], named)
        for one in paths.item.values()
        if snake(PLACEHOLDER.findall(one.operation.path)[-1]) in _PLAIN_IDS  # not `{user_id}` of a note
    )
    return next((param for param in every if is_type(param, ("integer",))), own)


def _find_id_schema(
    param: Mapping[str, Any], member: str, at: Found | None, named: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the schema of an id: of the argument in the path, or of the integer that a read shows where the
    path calls it a text (Label Studio 1.23.2, 2026-11-29).
    """
    shown = read_schema(at[2].get("properties", {}).get(member, {}), named) if at is not None else {}
    return shown if is_type(shown, ("integer",)) else param


def _with_create(path: str, paths: Mapping[str, Paths]) -> Paths:
    """Return a collection with the create of the only other one of its noun, if it has none but a removal:
    `DELETE /notes/{note_id}` beside `POST /boats/{boat_id}/notes` (an Express app, 2026-11-28).
    """
    own, noun = paths[path], path.rpartition("/")[2]
    if own.collection or own.read is not None or "DELETE" not in own.item or "{}" in path:
        return own
    others = [
        other
        for at, other in paths.items()
        if at.rpartition("/")[2] == noun and "POST" in other.collection and not other.naming
    ]
    return replace(own, collection=others[0].collection) if len(others) == 1 else own


def _list_forms(paths: Paths, at: Found | None, named: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the schemas in which the read, at this place, and the list show an instance."""
    read, listed = paths.read, paths.collection.get("GET")
    found = [name_form(read, at[0], named)] if read is not None and at is not None else []
    listing = describe_listing(listed, named) if listed is not None else None
    if listing is not None and listed is not None:
        found.append(name_form(listed, listing.items, named, listed=True))
    return frozenset(found) - {""}


def _identify_wanted(
    path: str,
    paths: Paths,
    kind: str,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    wanted: frozenset[str],
) -> InferredResource | None:
    """Return the resource of a list whose items an argument names, but no path; else None."""
    action = paths.collection.get("GET")
    if action is None or action.action["effect"] != "read" or find_list_input(action, named) is None:
        return None
    listing = describe_listing(action, named)
    members = listing.item.get("properties", {}) if listing is not None else {}
    fitting = [m for m in ("id", f"{kind}_id") if m in members and make_id_names(kind, m) & wanted]
    if not fitting:
        return None
    name, parent = name_apart(kind, {other.name for other in known.values()}), find_parent(path)
    above = parent if "{}" in path else ""
    return InferredResource(name, "", fitting[0], above, kind, False, members[fitting[0]])


def _find_naming(paths: Paths, path: str) -> tuple[ImportedAction | None, str]:
    """Return an action that names one item in its path, and the argument with the item's id.

    The action is the read, or else the nearest one; None if there is none.
    """
    named_by = paths.read or next(iter(paths.naming), None)
    if named_by is None:
        return None, ""
    return named_by, PLACEHOLDER.findall(named_by.action["http"])[path.count("{}")]


def _find_listed(
    paths: Paths, named_by: ImportedAction, argument: str, kind: str, named: Mapping[str, Any]
) -> str:
    """Return the member with the id in the items of the collection's list.

    Empty if none is certain, or if the list needs more than the collection's path.
    """
    action = paths.collection.get("GET")
    if action is None or action.action["effect"] != "read" or find_list_input(action, named) is None:
        return ""
    listing = describe_listing(action, named)
    param = read_argument(named_by, argument, named)
    return find_id_member(listing.item, argument, kind, param, named) if listing is not None else ""


def _find_by_structure(
    paths: Paths, named_by: ImportedAction, param: Mapping[str, Any], named: Mapping[str, Any]
) -> str:
    """Return the member with the id that the read, the list and the create all show; empty if none is
    certain.
    """
    makes, listed = paths.collection.get("POST"), paths.collection.get("GET")
    if listed is not None and find_list_input(listed, named) is None:
        listed = None
    listing = describe_listing(listed, named) if listed is not None else None
    param = read_schema(param, named)
    shown = [list_shown(paths.read, param, named)] if paths.read is not None else []
    shown += [listing.item.get("properties", {})] if listing is not None else []
    if not shown and ("DELETE" not in paths.item or named_by.action["http"].count("{") > 1):
        return ""  # nothing removes what a run makes, or its answer may show the container with a new part
    made = [list_shown(makes, param, named)] if makes is not None and len(shown) < ENOUGH else []
    given = makes.action.get("input", {}) if makes is not None else {}
    found = (find_id_by_structure(several, given, param, named) for several in (shown, shown + made))
    return next(filter(None, found), "")


def _guess(paths: Paths, argument: str, named: Mapping[str, Any]) -> Found | None:
    """Return the place of the id if reads and creates answer open objects at the same place; otherwise
    None.

    A read that answers what its list has is the instance itself (WireMock 3.13.2, whose `metadata` is open),
    and so is one whose `id` has the very pattern of the argument.
    """
    makes, listed = paths.collection.get("POST"), paths.collection.get("GET")
    listing = describe_listing(listed, named) if listed is not None else None
    shown = find_success(paths.item["GET"], named).get("properties", {})
    read = "id" in shown and not is_type(shown["id"], ("object",))
    if read and listing is not None and listing.item.get("properties") == shown:
        return None
    pattern = read_argument(paths.item["GET"], argument, named).get("pattern")
    if read and pattern is not None and read_schema(shown["id"], named).get("pattern") == pattern:
        return None
    both = [find_open_object(one, argument, named) for one in (paths.item["GET"], makes) if one]
    places = {found[0] for found in both if found is not None}
    return both[0] if len(both) == 2 and None not in both and len(places) == 1 else None


def _describe(
    one: InferredResource,
    paths: Paths,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
) -> tuple[dict[str, Any], list[str]]:
    """Return a resource's section, and the operations that it was inferred from."""
    read, reasons = paths.read, []
    section: dict[str, Any] = {"inferred": True}
    if one.member != "id":
        section["id"] = one.member
    above = list_containers(one, read or (paths.naming or [*paths.collection.values()])[0], known)
    at = find_instance(read, one, named) if read is not None else None
    if read is not None and (at is not None or (one.argument and is_undescribed(read, named))):
        place = at[0] if at is not None else ""
        section["read_by"] = make_call(read, {**above, one.argument: f"=resource.{one.member}"}, place)
        reasons = [str(read.action["http"])]
    makes = posts = paths.collection.get("POST")
    made_by = find_create(one, makes, named, known) if paths.naming else None
    for action in (paths.item.get("PUT"), paths.item.get("POST")):
        if made_by is None:
            makes, made_by = action, find_put(one, action, named, known)
    if made_by is None:
        makes, made_by = posts, find_located(one, posts, read, named, known)
    listed_by = _list(one, paths.collection.get("GET"), named, known)
    removal = paths.item.get("DELETE")
    if made_by is None and listed_by is not None and removal is not None:
        makes, made_by = posts, find_marked(one, posts, named, known)
    if made_by is None and read is not None and removal is not None:
        makes, made_by = posts, find_undescribed(one, posts, named, known)
    if made_by is not None and makes is not None:
        section["made_by"] = made_by
        reasons.append(str(makes.action["http"]))
    if listed_by is not None:
        section["found_by"] = section["listed_by"] = listed_by
        reasons.append(str(paths.collection["GET"].action["http"]))
    if removal is not None:
        named_by = PLACEHOLDER.findall(removal.action["http"])[-1]
        section["undone_by"] = make_call(removal, {**above, named_by: f"=resource.{one.member}"}, "")
        reasons.append(str(removal.action["http"]))
        if read is not None and (gone_when := _find_removed_mark(one, read, named)):
            section["gone_when"] = gone_when
    return section, reasons


def _find_removed_mark(one: InferredResource, read: ImportedAction, named: Mapping[str, Any]) -> str:
    """Return the condition by which an answer shows a removed instance, such as a time in `deleted_at`; empty
    if no member tells it. A time that is always there is not null while the instance exists.
    """
    shown = find_instance(read, one, named)
    whole = shown[1] if shown is not None else {}
    for name, schema in whole.get("properties", {}).items():
        if name in _REMOVED_AT and (name not in whole.get("required", ()) or _may_be_null(schema, named)):
            return f"has(resource.{name}) && resource.{name} != null"
        if name in _REMOVED and is_type(read_schema(schema, named), ("boolean",)):
            return _say_flag(name)
    # Stripe's GET answers `anyOf: [customer, deleted_customer]`
    forms = (form.get("properties", {}) for form in list_forms(read, named))
    flags = (n for members in forms for n in _REMOVED if is_type(members.get(n, {}), ("boolean",)))
    return _say_flag(next(flags, ""))


def _say_flag(name: str) -> str:
    return f"has(resource.{name}) && resource.{name} == true" if name else ""


def _may_be_null(schema: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
    followed = follow(schema, named)
    parts = (*followed.get("anyOf", ()), *followed.get("oneOf", ()))
    return any(is_type(follow(one, named), ("null",)) for one in (followed, *parts))


def _list(
    one: InferredResource,
    action: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
) -> dict[str, Any] | None:
    """Return the call that lists instances; None if its answer has no list with their ids."""
    listing = describe_listing(action, named) if action is not None else None
    if action is None or listing is None or not may_hold(listing.item, one.member):
        return None
    needed = find_list_input(action, named)
    above = list_containers(one, action, known)
    return None if needed is None else make_call(action, {**above, **needed}, listing.items)


def _refer(one: ImportedAction, known: Mapping[str, InferredResource]) -> None:
    """Record for each placeholder of a path which resource it names."""
    path = str(one.action["http"]).partition(" ")[2]
    for found in PLACEHOLDER.finditer(path):
        resource = find_at(known, path[: found.start()].rstrip("/"), found[1])
        param = one.action.get("input", {}).get(found[1])
        if resource is not None and param is not None and not _is_value(one, found[1]):
            param["refers_to"] = resource.name


def _is_value(one: ImportedAction, argument: str) -> bool:
    """True if a placeholder is what shall be written: `PUT /wallet/{new_name}` renames the key's own wallet.

    The document's name tells, as the argument has that of another operation of the path.
    """
    wire = next((wire for wire, place in one.wires if one.wires[wire, place] == argument), argument)
    return snake(wire).startswith("new_")


def _refer_by_name(
    one: ImportedAction,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    by_name: Mapping[str, Sequence[InferredResource]],
    notes: Notes,
) -> None:
    """Record which other arguments of a write name a resource, so that it names no instance of others."""
    if one.action["effect"] != "write":
        return
    method, _, written = str(one.action["http"]).partition(" ")
    path = bare_path(written)
    head, _, last = path.rpartition("/")
    id = PLACEHOLDER.fullmatch(last)
    own = find_at(known, head if id else path, id[1] if id else "")
    placeholders = PLACEHOLDER.findall(path)
    # a recipe that exists may yet be in no cookbook: only what puts it there succeeds with any of both
    joins = len(placeholders) == 1 or (
        method in ("PUT", "POST") and one.action.get("input", {}).keys() <= set(placeholders)
    )
    for name, param in one.action.get("input", {}).items():
        if "refers_to" in param or (f"{{{name}}}" in path and (not joins or _is_value(one, name))):
            continue
        resource = find_referred(name, param, named, list_named(by_name, name), own)
        if resource is not None:
            param["refers_to"] = resource.name
            notes.infer(
                ("actions", one.name, "input", name), f"refers_to, as it is named like {resource.name}"
            )


def _refer_of_read(
    one: ImportedAction,
    named: Mapping[str, Any],
    found: Mapping[str, Mapping[str, Any]],
    by_name: Mapping[str, Sequence[InferredResource]],
    notes: Notes,
) -> None:
    """Record which resource a required argument of a read names: `hold_id` of `GET /reserves/{hold_id}`.

    A resource that no call makes or finds gives no id, so that the name says more than the path.
    """
    for name, param in one.action.get("input", {}).items() if one.action["effect"] == "read" else ():
        if not param.get("required") or _is_live(found.get(param.get("refers_to", ""))):
            continue
        others = [r for r in list_named(by_name, name) if r.name != param.get("refers_to")]
        resource = find_referred(name, param, named, others, None)
        if (
            resource is None
            or snake(name) in (resource.kind, resource.name)
            or not _is_live(found[resource.name])
        ):
            continue
        param["refers_to"] = resource.name
        notes.infer(("actions", one.name, "input", name), f"refers_to, as it is named like {resource.name}")


def _is_live(section: Mapping[str, Any] | None) -> bool:
    """True if a call makes or finds an instance."""
    return section is not None and bool({"made_by", "found_by"} & section.keys())
