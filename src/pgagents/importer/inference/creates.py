"""Find the call that makes an instance of an inferred resource, and the id of the instance in its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pgagents.base.acting import begins_with_reading
from pgagents.base.jsonschema.schema import Schema, follow, is_type, says_nothing
from pgagents.base.text import singular
from pgagents.catalogue.model.values import choose_value, find_known_texts, find_unsure
from pgagents.importer.inference.pages import (
    find_fixed_header,
    find_shown,
    find_success,
    read_answer,
    read_argument,
    read_schema,
)
from pgagents.importer.names import Notes, snake
from pgagents.importer.operations import ImportedAction

NO_CONTENT = 204
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
CREATED, ACCEPTED = 201, 202
MADE_UP = "=fresh.value"
"""A value that a run makes up within the argument's schema."""
MOST_DEPTH = 4
"""How deep in an argument the name of another instance is looked for."""
_DEEPEST = 6
_ROLES = frozenset((
    "from", "to", "source", "target", "src", "dest", "destination", "origin", "parent", "child", "preferred",
    "default", "primary", "secondary", "new", "old", "current", "previous", "next", "first", "last", "home",
    "away", "other", "related", "linked", "sender", "receiver", "billing", "shipping",
))  # fmt: skip
"""Words before a noun that say in which role a thing is named: a depot of 2026-11-29 has `toBinId`."""
ENOUGH = 2
"""The answers that must agree on a member before it is the id by structure."""


@dataclass(frozen=True, slots=True)
class InferredResource:
    """An inferred resource: its name, the argument and the member with its id, and its parent's path."""

    name: str
    argument: str
    member: str
    parent: str
    kind: str
    """The noun of its path: `item` for `/items`."""
    open: bool
    """True if the document does not name the member that is its id."""
    id_schema: Mapping[str, Any]
    """The schema of the argument that names an instance in a path."""
    forms: frozenset[str] = frozenset()
    """The names of the schemas in which its read and its list show an instance."""


def as_slug(value: Any) -> Any:
    """Return a new text that stands well in a path."""
    return "=fresh.slug" if value == "=fresh.text" else value


def make_call(one: ImportedAction, given: Mapping[str, Any], at: str) -> dict[str, Any]:
    """Return a call as the catalogue has it, with its arguments and the place of the instance."""
    call: dict[str, Any] = {"action": one.name}
    call |= {"input": dict(given)} if given else {}
    return call | ({"at": at} if at not in ("", "response") else {})


def find_instance(
    one: ImportedAction, resource: InferredResource, named: Mapping[str, Any]
) -> tuple[str, Schema] | None:
    """Return the place in an answer of the object that has the resource's id, and its schema; None if it has
    none.
    """
    if resource.open:
        found = find_open_object(one, resource.argument, named)
        return (found[0], found[2]) if found is not None else None
    places = [p for p in _list_places(one, named) if resource.member in p[1].get("properties", {})]
    fitting = (
        p
        for p in places
        if _is_envelope(p[0], resource.kind)
        and _is_of_type(read_schema(p[1]["properties"][resource.member], named), resource.id_schema, named)
    )
    return next(fitting, next(iter(places), None))


_OF_ANSWER = frozenset(("links", "_links", "meta", "pagination"))
"""Members that tell of an answer: Strapi has an open `meta` beside each `data` (documents of 2026-11-30)."""
_ENVELOPES = frozenset(("response", "data", "item", "object", "payload", "result", "value"))


def _is_envelope(place: str, kind: str = "") -> bool:
    """True for the whole answer, or an object in it whose name says that it is the instance: no `job` is."""
    name = snake(place.rpartition(".")[2])
    return name in _ENVELOPES or name == kind


def _list_places(one: ImportedAction, named: Mapping[str, Any]) -> list[tuple[str, Schema]]:
    """Return the whole answer and each object in it, with their places."""
    whole = find_success(one, named)
    return [("response", whole), *((f"response.{n}", s) for n, s in _members(whole, named).items())]


def list_containers(
    one: InferredResource, action: ImportedAction, known: Mapping[str, InferredResource]
) -> dict[str, Any]:
    """Return the arguments that name a resource's containers, outermost first."""
    found: dict[str, Any] = {}
    names = PLACEHOLDER.findall(action.action["http"])
    chain: list[InferredResource] = []
    parent = known.get(one.parent) if one.parent else None
    while parent is not None:
        chain.append(parent)
        parent = known.get(parent.parent) if parent.parent else None
    for above, name in zip(reversed(chain), names, strict=False):
        found[name] = f"={above.name}.{above.member}"
    return found


def find_create(
    one: InferredResource,
    action: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    containers: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Return the call that makes an instance. `containers` are the arguments that name what contains it.

    None if its answer has no id, or if an argument may name somebody else's instance.
    """
    if action is None or action.action["effect"] != "write":
        return None
    place = find_created_place(one, action, named)
    if place and _makes_another(one, name_form(action, place, named), known):
        return None
    above = dict(containers) if containers is not None else list_containers(one, action, known)
    given = find_values(action, above, named, known, one)
    if given is None:
        return None
    if not place:
        return _name_create(one, action, {**above, **given}, named)
    call = make_call(action, {**above, **given}, place)
    member = _find_id_name(one, action, place, named)
    return call | ({"id": member} if member != one.member else {})


def name_form(action: ImportedAction, place: str, named: Mapping[str, Any], *, listed: bool = False) -> str:
    """Return the name of the schema at a place of an answer (`response.item`), or of the items there if
    `listed`; empty if it has none.
    """
    schema: Any = next((o for status, o in action.action["output"].items() if 200 <= status < 300), None)
    for step in place.split(".")[1:]:
        schema = follow(schema or {}, named).get("properties", {}).get(step)
    schema = follow(schema or {}, named).get("items") if listed else schema
    return str(schema.get("$ref", "")) if isinstance(schema, Mapping) else ""


def _makes_another(one: InferredResource, form: str, known: Mapping[str, InferredResource]) -> bool:
    """True if a create answers with an instance of another resource: the first version of a prompt."""
    others = (other for other in known.values() if other is not one)
    return bool(form and one.forms) and form not in one.forms and any(form in o.forms for o in others)


def _name_create(
    one: InferredResource, action: ImportedAction, given: Mapping[str, Any], named: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the call that makes an instance under a name of the caller's, where its answer says nothing.

    `POST /tenants {name}` makes what `GET /tenants/{tenant_name}` reads. None if no new text is that name.
    """
    output = action.action["output"]
    if not one.argument or find_success(action, named).get("properties") or ACCEPTED in output:
        return None
    wished = [one.member, *_wish(one.argument, one.kind, given)]
    texts = (n for n in wished if str(given.get(n, "")).startswith("=fresh."))
    argument = next(
        (n for n in texts if _is_alike(read_argument(action, n, named), one.id_schema, named)), ""
    )
    if not argument:
        return None
    value = as_slug("=fresh.text" if given[argument] == MADE_UP else given[argument])
    call = make_call(action, {**given, argument: value}, "input")
    return call | ({"id": argument} if argument != one.member else {})


def find_located(
    one: InferredResource,
    action: ImportedAction | None,
    read: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
) -> dict[str, Any] | None:
    """Return the call that makes an instance, if its answer has no body: then its Location names the new one,
    as that of Keycloak's admin API does (2026-11-28).
    """
    shown = find_instance(read, one, named) if read is not None else None
    if action is None or shown is None or action.action["effect"] != "write":
        return None
    if not is_bodiless(action.action["output"].get(CREATED, shown[1])):
        return None
    id = read_schema(shown[1].get("properties", {}).get(one.member, one.id_schema), named)
    given = find_values(action, above := list_containers(one, action, known), named, known, one)
    if given is None or not is_type(id, ("string", "integer")):
        return None
    at = "int(location)" if is_type(id, ("integer",)) else "location"
    return make_call(action, {**above, **given}, at)


def find_marked(
    one: InferredResource,
    action: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
) -> dict[str, Any] | None:
    """Return the call that makes an instance, if its answer is an object without an id, such as a `message`:
    then the list has the text that the run made up, as that of users of Superset 6.1.0 (2026-11-29).
    """
    if action is None or action.action["effect"] != "write" or ACCEPTED in action.action["output"]:
        return None
    if not find_success(action, named).get("properties") or find_created_place(one, action, named):
        return None
    given = find_values(action, above := list_containers(one, action, known), named, known, one)
    if given is None or not any(str(value).startswith("=fresh.") for value in given.values()):
        return None
    return make_call(action, {**above, **given}, "response")


def find_undescribed(
    one: InferredResource,
    action: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
) -> dict[str, Any] | None:
    """Return the call that makes an instance, if the document does not describe its answer."""
    if action is None or action.action["effect"] != "write" or not is_undescribed(action, named):
        return None
    if ACCEPTED in action.action["output"]:
        return None
    given = find_values(action, above := list_containers(one, action, known), named, known, one)
    return make_call(action, {**above, **given}, "") if given is not None else None


def is_bodiless(answer: Schema | None) -> bool:
    """True for a described answer that has no body."""
    return not (answer or {}).keys() - {"description", "headers"}


def ask_for_value(
    one: InferredResource,
    action: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    notes: Notes,
) -> None:
    """Ask the author for an example of each argument without a certain value, if a call makes an instance.

    No question is asked about a value that the argument's name asks for.
    """
    if action is None or action.action["effect"] != "write" or not find_created_place(one, action, named):
        return
    above = list_containers(one, action, known)
    unsure = [
        find_unsure(follow(param, named), named, find_shown(action), name)
        for name, param in action.action.get("input", {}).items()
        if param.get("required")
        and name not in above
        and not find_known_texts(name)
        and find_referred(name, param, named, known.values(), one) is None
    ]
    if names := [f"`{path}`" for path in unsure if path]:
        notes.decide(
            ("actions", action.name),
            f"which value of {join_and(names)} is right? a run makes one up for a `{one.name}`, which its "
            "server may refuse; an `example` of the document, or a `made_by`, is sure",
        )


def find_created_place(one: InferredResource, action: ImportedAction, named: Mapping[str, Any]) -> str:
    """Return the place of the id in the answer of a call that makes an instance; empty if it has none."""
    if (found := find_instance(action, one, named)) is not None or one.open:
        return found[0] if found is not None else ""
    listed = read_answer(find_success(action, named).get("items") or {}, named)  # as PostgREST answers one
    if one.member in listed.get("properties", {}):
        return "response[0]"
    return next((at for at, s in _list_places(action, named) if _list_id_names(one, s, named)), "")


def _list_id_names(one: InferredResource, schema: Mapping[str, Any], named: Mapping[str, Any]) -> list[str]:
    """Return the members of a create's answer that hold the id under a name of the resource: `silenceID`."""
    names = {f"{noun}{end}" for noun in (one.kind, one.name) for end in ("_id", f"_{snake(one.member)}")}
    members = schema.get("properties", {}).items()
    return [
        name
        for name, member in members
        if (snake(name) in names or name == one.argument) and _is_alike(member, one.id_schema, named)
    ]


def _find_id_name(one: InferredResource, action: ImportedAction, place: str, named: Mapping[str, Any]) -> str:
    """Return the member with the id at this place of a create's answer."""
    schema = find_success(action, named)
    _, _, inner = place.partition(".")
    schema = read_answer(schema.get("properties", {}).get(inner, {}), named) if inner else schema
    if one.open or one.member in schema.get("properties", {}):
        return one.member
    return next(iter(_list_id_names(one, schema, named)), one.member)


def find_put(
    one: InferredResource,
    action: ImportedAction | None,
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    *,
    documented: bool = True,
) -> dict[str, Any] | None:
    """Return the PUT or POST that makes an instance under an id chosen by the caller.

    None unless the id may be any text, and its answer 201 is `documented` or need not be.
    """
    if action is None or action.action["effect"] != "write":
        return None
    if documented and CREATED not in action.action["output"]:
        return None
    argument = PLACEHOLDER.findall(action.action["http"])[-1]
    param = read_argument(action, argument, named)
    id = choose_value(param, named, {}, argument)
    place, above = find_created_place(one, action, named), list_containers(one, action, known)
    above = {**above, argument: as_slug(id)}
    given = find_values(action, above, named, known, one)
    if given is None or not str(id).startswith("=fresh.") or (documented and not place):
        return None
    if not place:  # the answer says nothing, so the id is the one in the path
        call = make_call(action, {**above, **given}, "input")
        return call | ({"id": argument} if argument != one.member else {})
    member = _find_id_name(one, action, place, named)
    call = make_call(action, {**above, **given}, place)
    return call | ({"id": member} if member != one.member else {})


def find_values(
    action: ImportedAction,
    above: Mapping[str, Any],
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    own: InferredResource | None = None,
) -> dict[str, Any] | None:
    """Return a value for each required argument; None if one may name somebody else's instance.

    That is a number named like a resource, or the whole body that is a list: such a call writes many at once,
    and may remove what the list leaves out, unless it answers 201 and takes no empty list. A value that
    nothing shows is made up by a run, within its schema. `own` is the resource that the call makes.
    """
    shown = find_shown(action)
    found: dict[str, Any] = {}
    for name, param in action.action.get("input", {}).items():
        if name in above or not param.get("required") or name == action.action.get("idempotency"):
            continue  # a run gives each call a key of its own
        schema = follow(param, named)
        is_batch = schema.get("in") == "whole_body" and schema.get("type") == "array"
        if is_batch and not (schema.get("minItems") and CREATED in action.action["output"]):
            return None
        value = _refer(name, schema, named, known, own)
        if value is None and _may_name(name, schema, named, known):
            return None
        if value is None:
            value = find_fixed_header(action, name, named)
        if value is None:
            value = choose_value(schema, named, shown, name)
        found[name] = MADE_UP if value is None else value
    return found


def _refer(
    name: str,
    schema: Mapping[str, Any],
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    own: InferredResource | None,
    depth: int = 0,
) -> Any:
    """Return a value that names other instances of the run, such as the lines of an order; None if it need
    not name any.
    """
    item, members = schema.get("items"), schema.get("properties")
    if depth > MOST_DEPTH:
        return None
    if is_type(schema, ("array",)) and isinstance(item, Mapping):
        inner = _refer(singular(name), follow(item, named), named, known, own, depth + 1)
        return None if inner is None else [inner]
    if is_type(schema, ("object",)) and isinstance(members, Mapping):
        listed = schema.get("required")  # an argument itself is required or not, its members are listed
        needed = {
            n: follow(members[n], named)
            for n in (listed if isinstance(listed, list | tuple) else ())
            if n in members
        }
        referring = {n: _refer(n, one, named, known, own, depth + 1) for n, one in needed.items()}
        others = {n: choose_value(needed[n], named, {}, n) for n, one in referring.items() if one is None}
        if len(others) == len(needed) or None in others.values():
            return None
        return {n: others.get(n, one) for n, one in referring.items()}
    other = find_referred(name, schema, named, known.values(), own)
    return f"={other.name}.{other.member}" if other is not None else None


def find_referred(
    name: str,
    param: Mapping[str, Any],
    named: Mapping[str, Any],
    known: Iterable[InferredResource],
    own: InferredResource | None,
) -> InferredResource | None:
    """Return the known resource that an argument names an instance of, such as `shelf` for `shelf_id`.

    Its type is that of the resource's id. No argument names the kind that its own call makes, and a noun of
    two resources names neither.
    """
    every = [(k, _list_names(k)) for k in known]
    for wanted in (snake(name), drop_role(name)):
        found = [k for k, names in every if wanted in names and _is_alike(param, k.id_schema, named)]
        if found:
            break
    return found[0] if len(found) == 1 and found[0] is not own else None


def drop_role(name: str) -> str:
    """Return the name of an argument with an id in snake case, without its role: `bin_id` for `toBinId`."""
    role, _, noun = snake(name).partition("_")
    return noun if role in _ROLES and noun.endswith("_id") else snake(name)


def make_id_names(kind: str, member: str) -> frozenset[str]:
    """Return the names that an argument with an id has if it says so itself, in snake case: not the noun."""
    return _make_names(kind, kind, member) - {kind}


def index_names(every: Iterable[InferredResource]) -> dict[str, list[InferredResource]]:
    """Return the resources by each name that an argument with the id of an instance may have."""
    found: dict[str, list[InferredResource]] = {}
    for resource in every:
        for name in _list_names(resource):
            found.setdefault(name, []).append(resource)
    return found


def list_named(by_name: Mapping[str, Sequence[InferredResource]], name: str) -> Sequence[InferredResource]:
    """Return the resources of which an argument may have the id: those of its name, else without its role."""
    return by_name.get(snake(name)) or by_name.get(drop_role(name), ())


def _list_names(one: InferredResource) -> frozenset[str]:
    """Return the names that an argument with the id of an instance may have, in snake case."""
    return _make_names(one.kind, one.name, one.member)


@lru_cache(maxsize=8_192)
def _make_names(kind: str, name: str, member: str) -> frozenset[str]:
    return frozenset(f"{noun}{end}" for noun in (kind, name) for end in ("", "_id", f"_{snake(member)}"))


def _is_alike(schema: Mapping[str, Any], other: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
    """True if both schemas allow scalars of one type, and none lists its values."""
    both = (read_schema(schema, named), read_schema(other, named))
    return any(all(is_type(one, kinds) for one in both) for kinds in ID_TYPES) and not any(
        {"enum", "const"} & one.keys() for one in both
    )


def _may_name(
    name: str,
    schema: Mapping[str, Any],
    named: Mapping[str, Any],
    known: Mapping[str, InferredResource],
    depth: int = _DEEPEST,
) -> bool:
    """True if a number, or one inside an object or list that a call needs, is named like a resource."""
    parts = [read_schema(part, named) for key in ("anyOf", "oneOf") for part in schema.get(key) or ()]
    if depth and any(_may_name(name, part, named, known, depth - 1) for part in parts):
        return True
    if depth and is_type(schema, ("array",)) and schema.get("minItems"):
        item = read_schema(schema.get("items") or {}, named)
        return _may_name(singular(name), item, named, known, depth - 1)
    if depth and is_type(schema, ("object",)):
        members, needed = schema.get("properties", {}), schema.get("required", ())
        return any(
            _may_name(inner, read_schema(members[inner], named), named, known, depth - 1)
            for inner in (needed if isinstance(needed, list) else ())
            if inner in members
        )
    wanted, schema = snake(name), read_schema(schema, named)
    return is_type(schema, ("integer", "number")) and any(wanted in _list_names(k) for k in known.values())


def join_and(reasons: Sequence[str]) -> str:
    """Return the words of a list with commas, and with `and` before the last one."""
    return " and ".join([", ".join(reasons[:-1]), reasons[-1]]) if len(reasons) > 1 else reasons[0]


# -- ids in answers


_WORD = re.compile(r"[^\W_]+")
_NAMED = re.compile(r"(name|slug|key|code)\Z", re.I)
ID_TYPES = (("string",), ("integer", "number"))
"""Types of ids that are treated as equal: some generators call each number in a path a `number`."""
_NUMBER = {"type": "number"}
Found = tuple[str, str, Schema]


def find_object(one: ImportedAction, argument: str, kind: str, named: Mapping[str, Any]) -> Found | None:
    """Return the place of an instance in an answer (`response.item`), its id's member, and its schema.

    None if the answer has no instance. `argument` names the id in the path. `kind` is the noun of the
    instances: `session` for `/sessions`.
    """
    places, *inner = _list_places(one, named)
    inner = [(at, schema) for at, schema in inner if "properties" in schema]
    param = read_argument(one, argument, named)
    for at, schema in [places, *(inner if len(inner) == 1 else [])]:
        if member := find_id_member(schema, argument, kind, param, named):
            return at, member, schema
    return None


def list_shown(one: ImportedAction, param: Schema, named: Mapping[str, Any]) -> dict[str, Schema]:
    """Return the members of an answer, and those of the only object in it.

    Of several, it is the only one with an `id` of the type in the path, which is right where that of the
    envelope is not: a text in Flask-AppBuilder's documents (Superset 6.1.0, 2026-11-29).
    """
    (_, whole), *others = _list_places(one, named)
    outer = whole.get("properties", {})
    objects = [(at, schema.get("properties", {})) for at, schema in others if is_type(schema, ("object",))]
    inner = [members for _, members in objects]
    with_id = [
        members
        for at, members in objects
        if _is_envelope(at) and _is_of_type(read_schema(members.get("id", {}), named), param, named)
    ]
    if len(with_id) == 1 and not _is_of_type(read_schema(outer.get("id", {}), named), param, named):
        return {**outer, **with_id[0]}
    return {**(inner[0] if len(inner) == 1 else {}), **outer}


def find_open_object(one: ImportedAction, argument: str, named: Mapping[str, Any]) -> Found | None:
    """Guess the same for an answer whose only open object may have undescribed members.

    None if the answer has no open object, or several. What tells of the answer itself is none.
    """
    whole = {"type": "object"} if is_undescribed(one, named) else find_success(one, named)
    members = {n: s for n, s in _members(whole, named).items() if n not in _OF_ANSWER}
    inner = [(f"response.{n}", s) for n, s in members.items() if is_open(s)]
    places = [("response", whole)] if is_open(whole) else inner
    id = argument if _NAMED.search(argument) else "id"  # no schema says more than the name
    return (places[0][0], id, places[0][1]) if len(places) == 1 else None


def is_undescribed(one: ImportedAction, named: Mapping[str, Any]) -> bool:
    """True if the document says nothing of the body of a success, which may be an instance.

    FastAPI says `{}` of a function without an annotation. A POST that is called a search makes none.
    """
    output = one.action["output"]
    status = min((s for s in output if 200 <= s < 300), default=NO_CONTENT)
    if one.operation.method == "POST" and CREATED not in output and begins_with_reading(one.name):
        return False
    return status != NO_CONTENT and says_nothing(find_success(one, named))


def is_open(schema: Schema) -> bool:
    """True for an object that names no members, or that explicitly allows others."""
    others = schema.get("additionalProperties", not schema.get("properties"))
    return is_type(schema, ("object",)) and others is not False


def may_hold(schema: Schema, member: str) -> bool:
    """True if an object has a member, or may have it because it is open."""
    return member in schema.get("properties", {}) or is_open(schema)


def _members(whole: Schema, named: Mapping[str, Any]) -> dict[str, Schema]:
    return {n: read_answer(s, named) for n, s in whole.get("properties", {}).items() if n.isidentifier()}


def find_id_member(schema: Schema, argument: str, kind: str, param: Schema, named: Mapping[str, Any]) -> str:
    """Return the member that is named like the argument with the id, and has its type; empty if none is.

    A number fits an argument that is a text without a format: a path holds no other form of it.
    """
    shown = schema.get("properties", {}).items()
    members = {n: read_schema(s, named) for n, s in shown if n.isidentifier()}  # an expression names it
    by_name = ["name"] if snake(argument) == kind and _says_name(param) else []
    wished = [*by_name, *_wish(argument, kind, members)]
    as_text = is_type(param, ("string",)) and "format" not in param
    return next(
        (
            name
            for name in wished
            if _is_of_type(member := members.get(name, {}), param, named)
            or (as_text and _is_of_type(member, _NUMBER, named))
        ),
        "",
    )


def find_id_by_structure(
    shown: Sequence[Mapping[str, Schema]], given: Iterable[str], param: Schema, named: Mapping[str, Any]
) -> str:
    """Return the member with the id that the members of several answers show, whatever the argument's name
    is.

    That is `id`, else the only text of the argument's format that all have and no caller gives, else the only
    one that all have; empty if none is certain. A path takes any `id`, of whatever type it is. Any other
    number is as likely an amount, which would name the older row at that position.
    """
    every = [{n: read_schema(s, named) for n, s in one.items() if n.isidentifier()} for one in shown if one]
    if any("id" in each for each in every):
        return "id" if all(_is_of_type(each.get("id", {}), param, named) for each in every) else ""
    common = [
        name
        for name in (every[0] if len(every) >= ENOUGH and is_type(param, ("string",)) else ())
        if all(
            _is_alike(each.get(name, {}), param, named) and each[name].get("format") == param.get("format")
            for each in every
        )
    ]
    own = [name for name in common if name not in given]
    return next((names[0] for names in (own, common) if len(names) == 1), "")


def _is_of_type(member: Schema, param: Schema, named: Mapping[str, Any]) -> bool:
    """True if a value of both is a text, or of both a number. Strapi says `oneOf` both of each id."""
    both = [[read_schema(form, named) for form in _list_alternatives(one)] for one in (member, param)]
    return any(all(any(is_type(form, kinds) for form in forms) for forms in both) for kinds in ID_TYPES)


def _list_alternatives(schema: Schema) -> Sequence[Schema]:
    forms = next((schema[key] for key in ("anyOf", "oneOf") if isinstance(schema.get(key), list)), ())
    return [schema] if "type" in schema else [form for form in forms if isinstance(form, Mapping)]


def _says_name(param: Schema) -> bool:
    """True if an argument's description calls it a name, as in `Database name`, and not an id."""
    said = {word.lower() for word in _WORD.findall(str(param.get("description", "")))}
    return "name" in said and not said & {"id", "ids", "uuid", "identifier"}


def _wish(argument: str, kind: str, members: Iterable[str]) -> list[str]:
    """Return the members that are named as an argument, the most certain first.

    `silenceID` of a silence may be `id`, `pool_name` of a pool `name`, and `name` of a pool `pool_name`.
    """
    plain = snake(argument)
    forms = dict.fromkeys((plain.removeprefix(f"{kind}_"), plain, f"{kind}_{plain}"))
    by_form = {snake(name): name for name in members}
    return [argument, *(by_form[form] for form in forms if form in by_form)]
