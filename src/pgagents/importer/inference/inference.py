"""Run all inferences about a document: descriptions, limits and conditional calls here, others in their
modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.jsonschema.schema import Schema, follow, is_type
from pgagents.base.text import bare_path, singular
from pgagents.importer.document import Found, References
from pgagents.importer.inference.creates import PLACEHOLDER
from pgagents.importer.inference.links import infer_links
from pgagents.importer.inference.pages import (
    describe_listing,
    find_success,
    infer_pages,
    is_list,
    read_schema,
)
from pgagents.importer.inference.resources import infer_resources
from pgagents.importer.inference.states import find_status
from pgagents.importer.names import MAX_TEXT, Notes, snake
from pgagents.importer.operations import ImportedAction, first_call
from pgagents.lint.texts import matter, words

SECOND = "second"
"""The identity with the key of another customer."""


def infer(
    made: list[ImportedAction],
    named: Mapping[str, Any],
    references: References,
    errors: dict[str, Any],
    notes: Notes,
) -> dict[str, Any]:
    """Return the inferred sections of a catalogue; pages and texts are added to the actions.

    `named` are the schemas. The section `errors` gets the code of a call over a limit.
    """
    infer_conditional(made, errors["codes"], notes)
    infer_pages(made, named, notes)
    resources = infer_resources(made, named, errors, notes)
    infer_links(made, resources, named, references, notes)
    infer_descriptions(made, named, resources, notes)
    limits, limited = infer_limits(made, references, errors["codes"], notes)
    if limited:
        errors["framework"]["limited"] = limited
    found = {"limits": limits, "idempotency": infer_idempotency(made, notes), "resources": resources}
    return {section: value for section, value in found.items() if value}


# -- descriptions


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
    known, givers = _collect(made, named), _find_givers(made, named, resources)
    for one in made:
        for name, param in one.action.get("input", {}).items():
            if param.get("description") or follow(param, named).get("description"):
                continue
            found = next(_describe_argument(one, name, param, named, known, givers), None)
            if found is not None:
                param["description"] = found[0]
                notes.infer(("actions", one.name, "input", name), f"the description, {found[1]}")
        _describe_action(one, named, notes)


def _find_givers(
    made: Sequence[ImportedAction], named: Mapping[str, Any], resources: Mapping[str, Any]
) -> dict[str, str]:
    """Return by resource the action whose answer shows its ids: a list first, also one below a parent."""
    routes = {one.name: str(one.action["http"]) for one in made}
    lists = {
        routes[one.name]: one.name
        for one in made
        if (listing := describe_listing(one, named)) is not None and is_list(one, listing, named)
    }
    givers = {}
    for name, section in resources.items():
        maker = first_call(section.get("made_by")).get("action")
        above = routes.get(str(maker), "").partition(" ")[2]
        shown = first_call(section.get("listed_by")).get("action") or lists.get(f"GET {above}")
        givers[name] = str(shown or maker or "")
    return givers


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
    return str(read_schema(schema, named).get("type", ""))


def _describe_argument(
    one: ImportedAction,
    name: str,
    param: Schema,
    named: Mapping[str, Any],
    known: Mapping[Any, Mapping[str, str]],
    givers: Mapping[str, str],
) -> Iterator[_Found]:
    """Yield possible descriptions of an argument, the most certain first."""
    schema = read_schema(param, named)
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
    yield from _describe_id(one, name, param, wire[1], givers)
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
    one: ImportedAction, name: str, param: Schema, place: str, givers: Mapping[str, str]
) -> Iterator[_Found]:
    resource = param.get("refers_to")
    if isinstance(resource, str) and resource in givers:
        told = f", as `{givers[resource]}` answers it" if givers[resource] not in ("", one.name) else ""
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
        described = f"{text.rstrip(' .')}. {answer}"
        if len(described) > MAX_TEXT:
            return
        action["description"] = described
        notes.infer(("actions", one.name, "description"), "its second sentence, from the answer")


def _describe_answer(one: ImportedAction, named: Mapping[str, Any]) -> str:
    """Return a sentence on the first successful answer; empty if the document does not describe it."""
    listing = describe_listing(one, named)
    item = _members(listing.item, named, "writeOnly") if listing is not None else {}
    if listing is not None and item and is_list(one, listing, named):
        return f"Returns a list, with {_list_names(item)} of each item."
    if members := _members(find_success(one, named), named, "writeOnly"):
        return f"Returns {_list_names(members)}."
    if any(status == 204 for status in one.action["output"]):
        return "Returns no body."
    return ""


# -- rate limits and idempotency


LIMITED = 429
_TRIPLE = re.compile(r"((?:x-)?rate-?limit-)(limit|remaining|reset)", re.I)
_EPOCH = re.compile(r"epoch|unix|timestamp|utc|1970", re.I)
_FROM_NOW = re.compile(r"seconds (until|remaining|left|to)|in seconds|number of seconds", re.I)


def infer_limits(
    made: Sequence[ImportedAction], references: References, codes: Mapping[str, Any], notes: Notes
) -> tuple[dict[str, Any], str]:
    """Return the catalogue's `limits`, and the code of a call over a limit; empty if no header shows a limit.

    Headers of successes and of status 429 are considered.
    """
    limited = [name for name, code in codes.items() if find_status(code) == LIMITED]
    code = limited[0] if len(limited) == 1 else ""
    headers = _list_headers(made, references)
    low = {name.lower(): name for name in headers}
    if {"ratelimit", "ratelimit-policy"} <= low.keys():
        section: dict[str, Any] = {"ietf": True}
        shown = [low["ratelimit"], low["ratelimit-policy"]]
    else:
        parts = {m[2].lower(): name for name in headers if (m := _TRIPLE.fullmatch(name)) is not None}
        if not {"limit", "remaining"} <= parts.keys():
            return {}, code
        section = {part: parts[part] for part in ("limit", "remaining", "reset") if part in parts}
        shown = list(section.values())
    notes.infer(("limits",), f"from {' and '.join(shown)}")
    found: dict[str, Any] = {"inferred": True, "headers": section}
    if "reset" in section and _is_from_now(section["reset"], headers[section["reset"]].text("description")):
        found["reset_unit"] = "seconds"
    return found, code


def _list_headers(made: Sequence[ImportedAction], references: References) -> dict[str, Found]:
    """Return the documented headers of successes and of refusals for a limit, by name."""
    found: dict[str, Found] = {}
    for one in made:
        for answer in one.operation.answers:
            if answer.status[:1] == "2" or answer.status == str(LIMITED):
                for name, header in answer.whole.at("headers").members().items():
                    found.setdefault(name, references.follow(header))
    return found


def _is_from_now(name: str, text: str) -> bool:
    """True if a reset header counts seconds from now, as in the IETF's drafts."""
    if _EPOCH.search(text):
        return False
    return bool(_FROM_NOW.search(text)) or not name.lower().startswith("x-")


def infer_idempotency(made: Sequence[ImportedAction], notes: Notes) -> dict[str, Any]:
    """Return the catalogue's `idempotency`; empty if no action has an idempotency key."""
    keyed = [one for one in made if one.action.get("idempotency")]
    if not keyed:
        return {}
    notes.infer(("idempotency",), f"from the header Idempotency-Key of {keyed[0].action['http']}")
    return {"inferred": True}


# -- conditional calls


NOT_MODIFIED, STALE, REQUIRED = 304, 412, 428
_TAG, _MATCH = "etag", "if-match"


def infer_conditional(every: Sequence[ImportedAction], codes: Mapping[str, Any], notes: Notes) -> None:
    """Add `etag` and `if_match` to the actions whose operations document every part of the mechanism.

    A read that documents the tag and no answer 304 gets no `etag`: it only has the tag for the write.
    """
    tagged = [made for made in every if _is_tagged(made, unchanged=True)]
    for made in tagged:
        made.action["etag"] = True
        made.action["output"].pop(NOT_MODIFIED, None)
        for output in made.action["output"].values():
            _drop_tag(output)
        notes.infer(("actions", made.name, "etag"), "from its header ETag and its answer 304")
    showing = {_path_of(made) for made in every if _is_tagged(made, unchanged=False)}
    for made in every if tagged or showing else ():
        name = _find_match(made)
        statuses = {_status_of(codes.get(code)) for code in made.action.get("errors", ())}
        if name is None or STALE not in statuses or not (tagged or _path_of(made) in showing):
            continue
        made.action["if_match"] = name
        notes.infer(("actions", made.name, "if_match"), "from its header If-Match and its answer 412")
        param = made.action["input"][name]
        if REQUIRED in statuses and not param.get("required"):
            # a schema that requires it would answer 400 in place of 428 (a wholesaler in Fastify, 2026-11-29)
            param["required"] = True
            notes.infer(("actions", made.name, "input", name, "required"), "from its answer 428")


def _path_of(made: ImportedAction) -> str:
    """Return the path of an action, without the names of its placeholders."""
    return PLACEHOLDER.sub("{}", bare_path(str(made.action.get("http", "")).partition(" ")[2]))


def _is_tagged(made: ImportedAction, *, unchanged: bool) -> bool:
    """True for a GET that documents an ETag on each success, and status 304 if `unchanged` asks for it."""
    if made.operation.method != "GET" or made.action.get("effect") != "read":
        return False
    answers = {answer.status: answer for answer in made.operation.answers}
    successes = [answer for status, answer in answers.items() if status.startswith("2")]
    return (
        (str(NOT_MODIFIED) in answers or not unchanged)
        and bool(successes)
        and all(_TAG in {h.lower() for h in a.whole.at("headers").members()} for a in successes)
    )


def _drop_tag(output: Any) -> None:
    """Remove the ETag header from an output, because `etag` implies it."""
    headers = output.get("headers", {}) if isinstance(output, dict) else {}
    for name in [name for name in headers if name.lower() == _TAG]:
        del headers[name]
    if isinstance(output, dict) and "headers" in output and not headers:
        del output["headers"]


def _find_match(made: ImportedAction) -> str | None:
    """Return the argument of a write that is sent as If-Match; None if there is none."""
    if made.action.get("effect") != "write":
        return None
    return next(
        (n for (wire, at), n in made.wires.items() if at == "header" and wire.lower() == _MATCH), None
    )


def _status_of(code: Any) -> int | None:
    return code if isinstance(code, int) else code.get("status") if isinstance(code, dict) else None


# -- a second caller


def add_second_role(data: dict[str, Any]) -> None:
    """Add the identity of another customer to a catalogue whose calls carry a key."""
    roles = {"main": {"description": "A customer"}, SECOND: {"description": "Another", "project": SECOND}}
    data["auth"]["roles"] = roles | data["auth"].get("roles", {})


def add_second_caller(data: dict[str, Any], notes: Notes) -> None:
    """Add the identity of another customer, and conclude that nobody sees what the other one makes.

    Raises PgagentsError if the calls of the catalogue carry no key.
    """
    auth = data.get("auth", {})
    if not auth.get("schemes"):
        raise PgagentsError(
            "--identity second: the document names no key that calls carry",
            "--auth says how a key is sent, such as `--auth bearer`",
        )
    add_second_role(data)
    for name, section in data.get("resources", {}).items():
        if "made_by" in section:
            section["tenant"] = True
            notes.infer(("resources", name, "tenant"), "as the caller has the key of another customer")
    _refer_filters(data, notes)


def _refer_filters(data: dict[str, Any], notes: Notes) -> None:
    """Let the filters of reads name the resources of tenants: a list may show another's `board_id`."""
    ids = {f"{name}_id": name for name, section in data.get("resources", {}).items() if section.get("tenant")}
    reads = (item for item in data["actions"].items() if item[1]["effect"] == "read")
    for action, argument, param in ((a, n, p) for a, one in reads for n, p in one.get("input", {}).items()):
        resource = ids.get(snake(argument))
        if resource and not (param.get("required") or "refers_to" in param or "items" in param):
            param["refers_to"] = resource
            notes.infer(("actions", action, "input", argument), f"refers_to, as it is named like {resource}")
