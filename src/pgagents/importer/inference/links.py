"""Use the `links` of a document, each of which states the source of another operation's argument.

A link from a member of an answer shows how to get an instance: `found_by`, or `made_by` if a write answers
it. A link that passes on an argument or an id of a resource becomes `refers_to`. A document does not promise
that a linked call succeeds. An answer that contradicts such a contract is therefore odd, not broken. Runtime
expressions and link objects: OpenAPI 3.1.1, sections 4.8.20 and 4.8.20.4, read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.jsonschema.schema import Schema, is_type
from pgagents.importer.document import Found, References
from pgagents.importer.inference.creates import find_values
from pgagents.importer.inference.pages import describe_listing, find_success, read_schema
from pgagents.importer.inference.resources import name_apart
from pgagents.importer.names import Notes, snake
from pgagents.importer.operations import ImportedAction, explain_missing, first_call, list_calls
from pgagents.importer.places import RESOURCE_CALLS

_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BODY, _GIVEN = "$response.body#", re.compile(r"\$request\.(path|query|header|cookie)\.(.+)", re.S)
_SCALARS = (("string",), ("integer", "number"))
_PLACES = ("path", "query", "header", "cookie")
MOST = 200
"""The most links of a document that are used."""


@dataclass(frozen=True, slots=True)
class _Link:
    """One argument of an operation, and the runtime expression with its value."""

    name: str
    source: ImportedAction
    target: ImportedAction
    argument: str
    value: str
    place: str

    @property
    def reason(self) -> str:
        return f"the link {self.name} of {self.source.action['http']}"


def infer_links(
    made: list[ImportedAction],
    resources: dict[str, Any],
    named: Mapping[str, Any],
    references: References,
    notes: Notes,
) -> None:
    """Add the document's links to the section `resources`, and to the arguments.

    `named` are the schemas. A link without a counterpart in the catalogue's language is a loss.
    """
    for number, link in enumerate(_list_links(made, references, notes)):
        if number == MOST:
            said = f"the document has more than {MOST} links: the others are not carried"
            notes.add_lost(("resources",), said, link.place)
            return
        why = _use(link, resources, named, notes)
        if why:
            notes.add_lost(("resources",), f"the link {link.name} is not carried: {why}", link.place)


def _list_links(made: list[ImportedAction], references: References, notes: Notes) -> Iterator[_Link]:
    """Yield each argument of each link that leads from one imported action to another."""
    by_id = {one.operation.id: one for one in made if one.operation.id}
    by_pointer = {one.operation.whole.pointer: one for one in made}
    for source in made:
        for answer in source.operation.answers:
            if not answer.status.startswith("2"):
                continue
            for name, written in answer.whole.at("links").members().items():
                found = references.follow(written)
                target = _find_target(found, by_id, by_pointer, references)
                if target is None:
                    other = "the operation that it names is not in the catalogue"
                    why, extent = explain_missing(written if found.value is None else found, other)
                    said = f"the link {name} is not carried: {why}"
                    notes.add_lost(("resources",), said, written.place, extent)
                    continue
                if "requestBody" in found.mapping():
                    said = f"the link {name} gives a whole body, which is not carried"
                    notes.add_lost(("resources",), said, found.place)
                for key, value in found.at("parameters").mapping().items():
                    argument = _find_argument(target, str(key))
                    if argument and isinstance(value, str):
                        yield _Link(name, source, target, argument, value, found.place)


def _find_target(
    link: Found,
    by_id: Mapping[str, ImportedAction],
    by_pointer: Mapping[str, ImportedAction],
    references: References,
) -> ImportedAction | None:
    """Return the action that a link leads to; None if that action was not imported."""
    if id := link.text("operationId"):
        return by_id.get(id)
    reference = link.text("operationRef")
    if not reference.startswith("#"):  # another document's operations are not imported
        return None
    node = references.target(Found({"$ref": reference}, link.document, link.pointer))
    return by_pointer.get(node.pointer) if isinstance(node.value, dict) else None


def _find_argument(target: ImportedAction, key: str) -> str:
    """Return the argument that a key of a link names, such as `id` or `path.id`; empty if there is none."""
    place, _, name = key.partition(".")
    if place in _PLACES and (name, place) in target.wires:
        return target.wires[name, place]
    return next((target.wires[key, place] for place in _PLACES if (key, place) in target.wires), "")


def _use(link: _Link, resources: dict[str, Any], named: Mapping[str, Any], notes: Notes) -> str:
    """Add a link to the catalogue. Return the reason if that is not possible, otherwise an empty text."""
    param = link.target.action["input"].get(link.argument)
    if param is None:
        return f"{link.argument} is not an argument in the catalogue"
    if given := _GIVEN.fullmatch(link.value):
        return _pass_on(link, given, param, resources, notes)
    if not link.value.startswith(_BODY):
        return (
            ""
            if not link.value.startswith("$")
            else f"{link.value[:60]} is not a member of the answer's body"
        )
    steps = [s.replace("~1", "/").replace("~0", "~") for s in link.value.removeprefix(_BODY).split("/")[1:]]
    if not steps or not all(_MEMBER.fullmatch(step) or step.isdecimal() for step in steps):
        return f"{link.value[:60]} cannot be said as an expression"
    return _come_by(link, steps, param, resources, named, notes)


def _pass_on(
    link: _Link, given: re.Match[str], param: dict[str, Any], resources: Mapping[str, Any], notes: Notes
) -> str:
    """Let an argument refer to the resource that the source's own argument refers to."""
    own = link.source.wires.get((given[2], given[1]), "")
    refers = link.source.action["input"].get(own, {}).get("refers_to")
    if not refers:
        return f"{given[2]} is the id of no resource"
    _refer(link, param, refers, resources, notes)
    return ""


def _refer(
    link: _Link, param: dict[str, Any], resource: str, resources: Mapping[str, Any], notes: Notes
) -> None:
    """Record which resource an argument names, unless the paths say one that a call finds or makes."""
    known = resources.get(param.get("refers_to", ""), {})
    comes = {"made_by", "found_by"}
    if "refers_to" not in param or (not comes & known.keys() and comes & resources[resource].keys()):
        param["refers_to"] = resource
        notes.infer(("actions", link.target.name, "input", link.argument), f"refers_to, from {link.reason}")


def _come_by(
    link: _Link,
    steps: list[str],
    param: dict[str, Any],
    resources: dict[str, Any],
    named: Mapping[str, Any],
    notes: Notes,
) -> str:
    """Record how to get values for an argument: from a member of the source's answer."""
    holder, member = _find_holder(link.source, steps, resources)
    if holder and member == resources[holder].get("id", "id"):
        other = str(param.get("refers_to", ""))
        _refer(link, param, holder, resources, notes)
        schema = _find_member(link.source, steps[:-1], named)
        if schema.get("properties") == find_success(link.target, named).get("properties", {}):
            _join(link, other, holder, resources, notes)
        return ""
    if not _is_alike(link.source, steps, param, named):
        return f"{'/'.join(steps)} of the answer and {link.argument} are not of one type"
    known = resources.get(param.get("refers_to", ""))
    if known is not None and {"made_by", "found_by"} & known.keys():
        return ""
    if known is not None:
        call = _call_of_read(link, known, f"={holder}.{member}") if holder else None
        if call is None:
            return f"no call finds a {param['refers_to']} by {'.'.join(steps)}"
        known["found_by"] = call
        notes.infer(("resources", param["refers_to"], "found_by"), f"from {link.reason}")
        return ""
    section = _read_holder(resources, holder, member) if holder else _call_source(link, steps, named)
    if section is None:
        return f"{link.source.name} has an argument of which no value is known"
    name = name_apart(snake(link.argument).removesuffix("_id") or "linked", set(resources))
    resources[name] = {"inferred": True, **section}
    notes.infer(("resources", name), f"from {link.reason}")
    _refer(link, param, name, resources, notes)
    return ""


def _join(link: _Link, other: str, holder: str, resources: dict[str, Any], notes: Notes) -> None:
    """Let the read of a resource of which nothing else is known be one more read of the link's.

    `GET /tickets/{id}` answers with the schema of what `POST /cards` makes, where a profile has its own.
    """
    read = resources.get(other, {}).get("read_by", {})
    known = {*RESOURCE_CALLS, "moves"} & resources.get(other, {}).keys()
    if other == holder or known != {"read_by"} or read.get("action") != link.target.name:
        return
    del resources[other]
    section = resources[holder]
    given = {**read.get("input", {}), link.argument: f"=resource.{section.get('id', 'id')}"}
    section["read_by"] = [*list_calls(section["read_by"]), {**read, "input": given}]
    notes.infer(("resources", holder, "read_by"), f"from {link.reason}")


def _find_holder(source: ImportedAction, steps: list[str], resources: Mapping[str, Any]) -> tuple[str, str]:
    """Return the resource whose instance contains a member of the answer, and the member's path in it.

    The texts are empty if no resource is in the answer.
    """
    for name, section in resources.items():
        kinds = ("read_by", "made_by", "found_by")
        for key, call in ((kind, call) for kind in kinds for call in list_calls(section.get(kind))):
            if call["action"] != source.name or "read_by" not in section:
                continue
            at = str(call.get("at", "response")).split(".")[1:]
            rest = steps[len(at) :]
            if key == "found_by" and rest and rest[0].isdecimal():
                rest = rest[1:]
            elif key == "found_by":
                continue
            if steps[: len(at)] == at and rest and all(_MEMBER.fullmatch(step) for step in rest):
                return name, ".".join(rest)
    return "", ""


def _is_alike(
    source: ImportedAction, steps: list[str], param: Mapping[str, Any], named: Mapping[str, Any]
) -> bool:
    """True if a member of an answer and an argument have the same plain type."""
    schema, given = _find_member(source, steps, named), read_schema(param, named)
    return any(is_type(schema, kinds) and is_type(given, kinds) for kinds in _SCALARS)


def _find_member(source: ImportedAction, steps: list[str], named: Mapping[str, Any]) -> Schema:
    schema: Schema = find_success(source, named)
    for step in steps:
        inner = schema.get("items") if step.isdecimal() else schema.get("properties", {}).get(step)
        schema = read_schema(inner, named) if isinstance(inner, Mapping) else {}
    return schema


def _call_of_read(link: _Link, known: Mapping[str, Any], value: str) -> dict[str, Any] | None:
    """Return the call that reads a resource by a linked value; None if the target is not a read by this
    value.
    """
    read = known.get("read_by")
    if not isinstance(read, Mapping) or read["action"] != link.target.name:
        return None
    needed = {name for name, p in link.target.action["input"].items() if p.get("required")}
    if needed - {link.argument}:
        return None
    return {**read, "input": {link.argument: value}}


def _read_holder(resources: Mapping[str, Any], holder: str, member: str) -> dict[str, Any] | None:
    """Return a resource that is read as a member of another resource's instance."""
    section = resources[holder]
    read = first_call(section["read_by"])
    given = {
        name: f"={holder}.{value.removeprefix('=resource.')}" if _is_own(value) else value
        for name, value in read.get("input", {}).items()
    }
    return {"id": member, "found_by": {**read, "input": given}}


def _is_own(value: Any) -> bool:
    """True for an expression that reads the resource's own body."""
    return isinstance(value, str) and value.startswith("=resource.")


def _call_source(link: _Link, steps: list[str], named: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a resource that the source's answer shows: made if the source writes, otherwise found.

    None if an argument of the source has no value that is certain to be valid.
    """
    given, makes = find_values(link.source, {}, named, {}), link.source.action["effect"] == "write"
    if given is None or (not makes and any(str(value).startswith("=fresh.") for value in given.values())):
        return None  # reading by a value that was just made up finds nothing
    listing = describe_listing(link.source, named)
    at, member = [], list(steps)
    while any(step.isdecimal() for step in member):  # up to the list whose first item is used
        at.append(member.pop(0))
    path = ".".join(["response", *(step for step in at if not step.isdecimal())])
    if not member or (at and (listing is None or listing.items != path)):
        return None
    call: dict[str, Any] = {"action": link.source.name, **({"input": given} if given else {})}
    call |= {"at": path} if path != "response" else {}
    return {"id": ".".join(member), "made_by" if makes else "found_by": call}
