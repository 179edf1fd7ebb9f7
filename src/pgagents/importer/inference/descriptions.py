"""Describe actions and arguments that have no text in the document, if other parts explain them.

Each inferred description has a comment with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgagents.importer.inference.listing import describe_listing, find_success
from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.note import Notes
from pgagents.jsonschema.parts import Schema, follow, is_type
from pgagents.lint.texts import matter, words
from pgagents.text.nouns import singular

_SHOWN = 6
"""Most members that a description names. Further ones are only counted."""
_CONVENTIONS = (
    (re.compile(r"limit|(per_?)?page_?size|per_?page|max_?results|page_?limit|count", re.I), "integer",
     "Number of items that one answer holds at most"),
    (re.compile(r"page|page_?(number|no|num|index)", re.I), "integer", "Number of the page"),
    (re.compile(r"offset|skip", re.I), "integer", "Number of items to skip"),
    (re.compile(r"(next_?|page_?)?(cursor|token)|marker|continuation(_?token)?", re.I), "string",
     "Where the list goes on, as the answer before says"),
    (re.compile(r"q|query|search", re.I), "string", "Text to search for"),
    (re.compile(r"sort|sort_?by|order_?by", re.I), "string", "What the items are sorted by"),
)  # fmt: skip
"""Names of query arguments with one usual meaning, each with its type and the meaning."""
_HEADERS = {
    "if-none-match": "The ETag of the copy at hand; the answer is 304 if nothing has changed since",
    "if-match": "The ETag that was read last; the call is refused if another change came in between",
    "if-modified-since": "The time of the copy at hand; the answer is 304 if nothing has changed since",
    "accept-language": "The languages of the answer, the best one first",
    "idempotency-key": "A key of this call; the same call with the same key happens once",
}
"""Meanings of request headers that a standard defines, by name in lower case."""
_DEEPEST = 4
_Found = tuple[str, str]
"""A description, and the source that it was inferred from."""


def infer_descriptions(
    made: Sequence[ImportedAction],
    named: Mapping[str, Any],
    resources: Mapping[str, Any],
    notes: Notes,
) -> None:
    """Add the descriptions that can be inferred from the rest of the document."""
    known = _collect(made, named)
    for one in made:
        for name, param in one.action.get("input", {}).items():
            if param.get("description") or follow(param, named).get("description"):
                continue
            found = next(_describe_argument(one, name, param, named, known, resources), None)
            if found is not None:
                param["description"] = found[0]
                notes.infer(("actions", one.name, "input", name), f"the description, {found[1]}")
        _describe_action(one, named, notes)


def _collect(made: Sequence[ImportedAction], named: Mapping[str, Any]) -> dict[Any, dict[str, str]]:
    """Return the descriptions of arguments by wire name, place and type, each with an action that has it."""
    found: dict[Any, dict[str, str]] = {}
    for one in made:
        for (wire, place), name in one.wires.items():
            schema = one.action.get("input", {}).get(name, {})
            if text := schema.get("description") or follow(schema, named).get("description"):
                held = found.setdefault((wire, place, _type_of(schema, named)), {})
                held.setdefault(str(text), one.name)
    return found


def _type_of(schema: Schema, named: Mapping[str, Any]) -> str:
    return str(follow(schema, named).get("type", ""))


def _describe_argument(
    one: ImportedAction,
    name: str,
    param: Schema,
    named: Mapping[str, Any],
    known: Mapping[Any, Mapping[str, str]],
    resources: Mapping[str, Any],
) -> Iterator[_Found]:
    """Yield possible descriptions of an argument, the most certain first."""
    schema = follow(param, named)
    title = str(schema.get("title", ""))
    if matter(title) - matter(name):
        yield title, "from its title"
    wire = next((key for key, argument in one.wires.items() if argument == name), (name, "query"))
    texts = known.get((*wire, _type_of(param, named)), {})
    if len(texts) == 1:
        text, action = next(iter(texts.items()))
        yield text, f"as in `{action}`"
    member = follow(find_success(one, named).get("properties", {}).get(wire[0], {}), named)
    if member.get("description") and member.get("type") == schema.get("type"):
        yield str(member["description"]), "from the answer's member"
    yield from _describe_id(one, name, param, wire[1], resources)
    if wire[1] == "header" and wire[0].lower() in _HEADERS:
        yield _HEADERS[wire[0].lower()], "from its name"
    if wire[1] == "query" and not param.get("required"):
        for pattern, kind, meaning in _CONVENTIONS:
            if pattern.fullmatch(name) and is_type(schema, (kind,)):
                yield meaning, "from its name"
    pages = one.action.get("pages", {})
    if name == pages.get("size"):
        yield "Number of items that one page holds at most", "from `pages`"
    if name == pages.get("argument"):
        yield "Where the list goes on, as the answer before says", "from `pages`"
    if schema.get("format") == "binary":
        yield "The file's content", "from its type"
    if shape := _describe_shape(schema, named):
        yield shape, "from its schema"


def _describe_id(
    one: ImportedAction, name: str, param: Schema, place: str, resources: Mapping[str, Any]
) -> Iterator[_Found]:
    """Yield descriptions of an id in the path."""
    resource = param.get("refers_to")
    if isinstance(resource, str) and resource in resources:
        section = resources[resource]
        source = section.get("listed_by") or section.get("made_by") or {}
        told = f", as `{source['action']}` answers it" if source.get("action") not in (None, one.name) else ""
        noun = resource.removesuffix("_resource").replace("_", " ")
        yield f"The {noun}'s id{told}", "from the resource"
    *parts, last = words(name) or [""]
    if place == "path" and last == "id":
        before = str(one.action["http"]).partition(f"/{{{name}}}")[0].rpartition("/")[2]
        noun = " ".join(parts or words(singular(before)))
        if noun and "{" not in before:
            yield f"The {noun}'s id", "from its name" if parts else "from the path"


def _describe_shape(schema: Schema, named: Mapping[str, Any]) -> str:
    """Describe an object, or a list of objects, by its members; empty for anything else."""
    if members := _members(schema, named, "readOnly"):
        return f"An object with {_list_names(members)}"
    item = follow(schema.get("items", {}), named) if is_type(schema, ("array",)) else {}
    members = _members(item, named, "readOnly")
    return f"A list of objects with {_list_names(members)}" if members else ""


def _members(schema: Schema, named: Mapping[str, Any], absent: str, depth: int = 0) -> dict[str, Any]:
    """Return the members of an object, with those of its `allOf` schemas, without those marked `absent`."""
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()) if depth < _DEEPEST else ():
        found |= _members(follow(part, named), named, absent, depth + 1)
    return {
        name: member
        for name, member in found.items()
        if not (member.get(absent) or follow(member, named).get(absent))
    }


def _list_names(members: Mapping[str, Any]) -> str:
    names = [f"`{name}`" for name in members]
    if len(names) > _SHOWN:
        return f"{', '.join(names[:_SHOWN])} and {len(names) - _SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _describe_action(one: ImportedAction, named: Mapping[str, Any], notes: Notes) -> None:
    """Extend a description that only repeats the action's name by the content of the answer."""
    action = one.action
    title, text = str(action["title"]), str(action["description"])
    known = matter(one.name) | matter(title) | matter(str(action.get("operation_id", "")))
    if matter(text) - known:
        return
    if answer := _describe_answer(one, named):
        action["description"] = f"{text.rstrip(' .')}. {answer}"
        notes.infer(("actions", one.name, "description"), "its second sentence, from the answer")


def _describe_answer(one: ImportedAction, named: Mapping[str, Any]) -> str:
    """Return a sentence on the first successful answer; empty if the document does not describe it."""
    listing = describe_listing(one, named)
    if listing is not None and (members := _members(listing.item, named, "writeOnly")):
        return f"Returns a list, with {_list_names(members)} of each item."
    if members := _members(find_success(one, named), named, "writeOnly"):
        return f"Returns {_list_names(members)}."
    if any(status == 204 for status in one.action["output"]):
        return "Returns no body."
    return ""
