"""Faults that accept arguments which the catalogue refuses; `lenient_numbers.py` has those of numbers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any

from faults.helpers import error_at
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.base.jsonschema import schema as schemas
from pgagents.base.jsonschema.patterns import fits
from pgagents.base.places import plain
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import RequestedAction, objects
from pgagents.sandbox.sample import complete, pattern_text, sample


@fault(
    "invalid_input",
    also={"look_alike_input": "a text that is right but for a line break at its end is taken too"},
).edit_arguments
def accept_bad_pattern(_context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """A text that breaks its pattern is replaced by one that matches, instead of being refused."""
    patterns = {
        str(p.name): p.schema["pattern"]
        for p in asked.action.params
        if "pattern" in p.schema and not p.refers_to and p.place != "header"
    }
    return {
        k: pattern_text(patterns[k])
        if k in patterns and isinstance(v, str) and not fits(patterns[k], v)
        else v
        for k, v in given.items()
    }


@fault("invalid_input").edit_requests
def accept_missing_required(context: Context, request: Request) -> Request:
    """A required argument of the first action that has one may be left out: the server fills in a value."""
    victims = [
        a for a in context.model.actions if any(p.required and p.place in ("query", "body") for p in a.params)
    ]
    action = context.reader.action(request)
    if not victims or action is not victims[0]:
        return request
    given = context.reader.arguments(request)
    param = next(p for p in action.params if p.required and p.place in ("query", "body"))
    return (
        request
        if param.name in given
        else context.reader.with_arguments(
            request, {**given, str(param.name): sample(param.schema, context.model.schemas, 0)}
        )
    )


@fault("invalid_input").edit_arguments
def accept_unknown_choice(_context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """A value outside an argument's closed set is replaced by the first value of the set."""
    sets = {str(p.name): p.schema["enum"] for p in asked.action.params if "enum" in p.schema}
    return {
        k: sets[k][0] if k in sets and isinstance(v, str) and v not in sets[k] else v
        for k, v in given.items()
    }


@fault(
    "invalid_input",
    also={"request_signatures": "a body whose unknown members are taken off is not the one that was signed"},
).edit_arguments
def accept_unknown_member(_context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """Undeclared members of a body are ignored instead of refused."""
    if asked.dispatcher is None and asked.request.method == "GET":
        return given
    known = {str(p.name) for p in asked.action.params} | {p.wire for p in asked.action.params}
    return {k: v for k, v in given.items() if k in known}


@fault("invalid_input", needs=("query-refused",)).edit_requests
def unknown_query_ignored(context: Context, request: Request) -> Request:
    """Undeclared query parameters are ignored, where they should be refused."""
    action = context.reader.action(request)
    if action is None or context.model.behaviour.unknown_query != "refused":
        return request
    known = {p.wire for p in action.params if p.place == "query"}
    path, _, query = request.target.partition("?")
    kept = "&".join(pair for pair in query.split("&") if re.split(r"=|\[|%5B", pair)[0] in known)
    return replace(request, target=f"{path}?{kept}" if kept else path)


@fault(
    "honours_manifest",
    also={"invalid_input": "of most actions it is such an argument that is tried as an undeclared one"},
).edit_arguments
def argument_of_another_accepted(
    _context: Context, asked: RequestedAction, given: dict[str, Any]
) -> dict[str, Any]:
    """The dispatcher ignores an argument that only another of its actions has.

    It validates against the union of all arguments in its document, not against those of the action.
    """
    if asked.dispatcher is None:
        return given
    own = {str(p.name) for p in asked.action.params}
    others = {str(p.name) for a in asked.dispatcher.actions for p in a.params} - own
    return {k: v for k, v in given.items() if k not in others} if others & given.keys() else given


@fault(
    "invalid_input",
    also={
        "framework": "the form of the dispatcher's own members goes unchecked too",
        "surface_equivalence": "REST refuses what the dispatcher takes, or takes for something else",
        "rate_limit_headers": "a call that is answered in another's place counts twice",
        "absent_id": "an id with blanks around it is served, too",
    },
).handle_requests
def dispatcher_unvalidated(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The dispatcher validates nothing: a call with wrong arguments is answered as if the example's had
    been sent.
    """
    invalid = framework_code(context.model, "invalid").status
    found = handler(request)
    asked = context.reader.parse(request)
    if (
        asked is None
        or asked.dispatcher is None
        or not isinstance(found, Response)
        or found.status != invalid
    ):
        return found
    example = next((e for e in asked.action.examples if 200 <= e.status < 300), None)
    return found if example is None else handler(context.reader.with_arguments(request, example.input))


@fault(
    "surface_equivalence",
    also={
        "workflow_runs": "one asks with false, too",
        "relation": "so does what is compared with a wider search",
    },
).replace_actions
def false_word_is_true(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The word `false` in a query counts as true, as any text that is not empty does."""
    queried = (
        {str(p.name) for p in call.action.params if p.place == "query"} if call.surface == "rest" else set()
    )
    flags = {name: True for name, value in call.input.items() if value is False and name in queried}
    return inner(replace(call, input={**call.input, **flags}))


@fault(
    "invalid_input", also={"error_names_field": "where two arguments are wrong, only one is reported"}
).edit_arguments
def first_item_alone_checked(
    context: Context, asked: RequestedAction, given: dict[str, Any]
) -> dict[str, Any]:
    """Only the first item of a list of arguments is validated; each wrong later item is replaced by the
    first.
    """
    found = dict(given) if asked.request.body else {}
    for param in asked.action.params:
        items = found.get(param.wire)
        if isinstance(items, list) and len(items) > 1 and param.place == "body":
            of_item = plain(schemas.resolve(param.schema, context.model.schemas).get("items", {}))
            test = schemas.validator(of_item, context.model.schemas)
            found[param.wire] = [items[0], *(item if test.is_valid(item) else items[0] for item in items[1:])]
    return found if asked.request.body else given


@fault("invalid_input").edit_errors
def first_of_several(context: Context, request: Request, data: Any) -> Any:
    """The error for several wrong arguments names the first argument of the action instead."""
    errors = context.model.errors
    action = context.reader.action(request)
    at, several = errors.field_at, errors.field_of_several
    if at is None or several is None or action is None or not action.params:
        return None
    if not any(found.get(at.split(".")[-1]) == several for found in objects(data)):
        return None
    return error_at(data, at, action.params[0].wire)


def _normal(value: Any) -> Any:
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value


@fault(
    "invalid_input",
    also={
        "id_comparison": "an id in a body is such a text",
        "surface_equivalence": "what it becomes need not be there",
        "audit_trail": "what should only be refused was carried out",
    },
).edit_requests
def full_width_letters_taken(context: Context, request: Request) -> Request:
    """Texts are normalised (NFKC) before validation, so full-width letters and digits are accepted in
    place of ASCII.
    """
    asked = context.reader.parse(request)
    given = context.reader.arguments(request) if asked is not None else {}
    if asked is None or len(given) < len(request.query):
        return request
    held = {p.wire for p in asked.action.params if "pattern" in p.schema}
    normal = {name: _normal(value) if name in held else value for name, value in given.items()}
    return context.reader.with_arguments(request, normal) if normal != given else request


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "".join(
        str(unicodedata.digit(c, c)) if c.isdigit() else unicodedata.normalize("NFKD", c)[:1] for c in value
    )


@fault("invalid_input").edit_arguments
def letters_of_any_script(_context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """The letters and digits of a pattern match those of every script, as in the character classes of many
    languages.
    """
    patterned = {
        name
        for p in asked.action.params
        if "pattern" in p.schema and not p.refers_to
        for name in (p.wire, str(p.name))
    }
    return {k: _plain(v) if k in patterned else v for k, v in given.items()}


@fault("invalid_input", needs=("schema-keywords",)).edit_arguments
def conditions_of_members_ignored(
    context: Context, asked: RequestedAction, given: dict[str, Any]
) -> dict[str, Any]:
    """Members that others make necessary may be left out: the server fills in values."""
    known = context.model.schemas
    found = {p.wire: schemas.resolve(p.schema, known) for p in asked.action.params}
    return {
        k: complete(v, found[k], known, lambda part: sample(part, known, 0))
        if isinstance(v, dict) and {"if", "dependentRequired"} & found.get(k, {}).keys()
        else v
        for k, v in given.items()
    }


@fault("invalid_input", needs=("schema-keywords",)).edit_arguments
def tuples_of_anything(context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """An item of a tuple that is of another type is replaced, instead of being refused."""
    known = context.model.schemas
    found = {p.wire: schemas.resolve(p.schema, known) for p in asked.action.params}
    return {k: _as_tuple(v, found.get(k, {}), known) for k, v in given.items()}


def _as_tuple(value: Any, schema: Any, known: Any) -> Any:
    if not isinstance(value, list) or "prefixItems" not in schema:
        return value
    return [
        item if n >= len(value) or schemas.validator(part, known).is_valid(item) else sample(part, known, 0)
        for n, (item, part) in enumerate(zip(value, schema["prefixItems"], strict=False))
    ]


@fault("invalid_input", needs=("one-of",)).edit_arguments
def alternatives_mixed(context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """An object that fits none of several alternatives is taken for the first one."""
    known = context.model.schemas
    found = {p.wire: schemas.resolve(p.schema, known) for p in asked.action.params}
    return {
        k: sample(found[k]["oneOf"][0], known, 0)
        if "oneOf" in found.get(k, {}) and not schemas.validator(found[k], known).is_valid(v)
        else v
        for k, v in given.items()
    }


@fault("invalid_input", needs=("cookie-argument",)).edit_requests
def cookie_argument_ignored(context: Context, request: Request) -> Request:
    """Arguments in cookies are not read, so that none of their values is refused."""
    names = {p.wire for a in context.model.actions for p in a.params if p.place == "cookie"}
    given = [pair.strip() for pair in (request.header("cookie") or "").split(";")]
    kept = "; ".join(pair for pair in given if pair.partition("=")[0] not in names)
    return request.with_header("Cookie", kept or None) if given != [""] else request
