"""Check what an action says of itself: pages, lists, conditional calls, groups of arguments, deprecation,
idle keys.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date

from pgagents.base.cel.expression import Expression
from pgagents.base.cel.reading import functions_of, path_of, paths_in
from pgagents.base.cel.syntax import LEVELS, Infix, Literal, Member, Name, Node, print_node, walk
from pgagents.base.places import Pointer
from pgagents.base.text import brief, did_you_mean
from pgagents.catalogue.checks.checker import Checker, children
from pgagents.catalogue.checks.laws import Reader, Schema, schemas_of_call
from pgagents.catalogue.language import basics
from pgagents.catalogue.language.actions import Action, Deprecated, Pages
from pgagents.catalogue.language.basics import Schema as WrittenSchema
from pgagents.catalogue.language.resources import CatalogueCall

_UNIONS = frozenset(("allOf", "anyOf", "oneOf"))
_TOLD = frozenset(("string", "integer", "number"))
URLS = frozenset(("uri", "uri-reference", "iri", "iri-reference"))


def check_pages(checker: Checker) -> None:
    """Record problems of `pages`, and note each `next` that is a URL."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.pages is not None:
                _check_pages(checker, (*base, name), action, action.pages)


def _check_pages(checker: Checker, pointer: Pointer, action: Action, pages: Pages) -> None:
    at, arguments = (*pointer, "pages"), (*pointer, "input")
    if action.effect.value != "read":
        checker.report(at, "pages", "`pages` has no effect on a write", "remove it, or say `effect: read`")
        return
    for key in ("argument", "size"):
        _check_argument(checker, (*at, key), action, getattr(pages, key), arguments)
    if pages.size is not None and pages.size == pages.argument:
        checker.report(
            (*at, "size"), "pages", "one argument cannot be both the page and its size", "name another one"
        )
    known = (*action.errors, *checker.written.errors.always)
    at_bound = (*at, "bound")
    if (
        checker.check_reference(at_bound, pages.bound, ("errors", "codes"), "error code")
        and pages.bound is not None
        and pages.bound not in known
    ):
        message = f"`{pages.bound}` is not an error of this action"
        checker.report(at_bound, "pages", message, f"add {pages.bound} to its `errors`")
    _check_bound_to(checker, at, action, pages)
    for key in ("items", "next", "more", "total"):
        checker.compile((*at, key), getattr(pages, key), basics.PAGES)
    shapes = dict(schemas_of_call(checker, pointer, action))
    reader = Reader(checker)
    for key in ("items", "next", "more", "total"):
        expression = checker.expressions.get((*at, key))
        if expression is None:
            continue
        for problem in reader.list_problems(expression.tree, shapes):
            checker.report_in((*at, key), problem.part, "pages", problem.message, problem.help)
        if (unlisted := _find_unlisted(reader, expression.tree, shapes)) is not None:
            member, names = unlisted
            message = f"the answer's schema has no member `{member.name}`"
            checker.report_in((*at, key), member, "pages", message, did_you_mean(member.name, names))
        for part in _whole_numbers(expression.tree):
            help = f"write {part.token}.0, because the numbers of JSON are doubles"
            checker.report_in((*at, key), part, "pages", f"{part.token} is an integer of CEL", help)
    _check_kinds(checker, at, reader, shapes)


def _check_argument(
    checker: Checker, at: Pointer, action: Action, name: str | None, arguments: Pointer
) -> None:
    if name is None or not checker.check_reference(at, name, arguments, "argument"):
        return
    param = action.input.get(name)
    if param is None:
        return
    if f"{{{param.wire or name}}}" in (action.http or ""):
        checker.report(at, "pages", f"`{name}` is a part of the path", "name an argument of query or body")
    elif param.required and at[-1] == "argument":
        help = f"leave out `required` at `input.{name}`"
        checker.report(at, "pages", f"`{name}` is required, but the first page has none", help)
    elif at[-1] == "size" and not _whole(param.type):
        checker.report(at, "pages", f"`{name}` is not a whole number", "name the argument with a page's size")


def _whole(kind: str | list[str] | None) -> bool:
    return kind == "integer" or (isinstance(kind, list) and "integer" in kind)


def _check_kinds(checker: Checker, at: Pointer, reader: Reader, known: dict[str, Schema]) -> None:
    """Check that `items` is a list and `more` a condition, if the schemas determine it.

    Note a `next` that is a URL.
    """
    items, next, more = (checker.expressions.get((*at, key)) for key in ("items", "next", "more"))
    if items is not None and _rules_out(reader.schema_of(items.tree, known), "array"):
        checker.report((*at, "items"), "pages", "`items` is not a list", "name the list, as `response.items`")
    if more is not None and _rules_out(reader.schema_of(more.tree, known), "boolean"):
        help = "write a condition, such as `response.has_more` or `response.page < response.pages`"
        checker.report((*at, "more"), "pages", "`more` is neither true nor false", help)
    total = checker.expressions.get((*at, "total"))
    if total is not None and path_of(total.tree)[:1] not in (("response",), ("headers",)):
        help = "name the member or the header, as `response.total`"
        checker.report((*at, "total"), "pages", "`total` is not a member of the answer", help)
    if next is None:
        return
    reads = path_of(next.tree)
    if not _rules_in(reader.schema_of(next.tree, known), _TOLD):
        help = "name the member with the argument's value, or with a URL"
        checker.report((*at, "next"), "pages", "`next` is neither a value nor a URL", help)
    _check_defaults(checker, (*at, "next"), next)
    if not next.names & {"response", "headers", "input"}:
        help = "read it of the answer, or of `input`"
        checker.report((*at, "next"), "pages", "`next` is the same for every page", help)
    bound = checker.at((*at, "bound"))
    if bound is not None and "input" in next.names:
        help = "remove it: whoever counts pages or items may count those of any list"
        checker.report((*at, "bound"), "pages", "`bound` has no effect where `next` reads `input`", help)
    if reads[:2] == ("headers", "link") or reader.schema_of(next.tree, known).get("format") in URLS:
        checker.urls.add(at)


def check_lists(checker: Checker) -> None:
    """Record each call that lists where its answer's schema says that no list stands."""
    for name, resource in checker.written.resources.items():
        short = isinstance(checker.at(("resources", name, "listed_by")), Mapping)
        for index, call in enumerate(resource.listed_by):
            pointer: Pointer = ("resources", name, "listed_by", *(() if short else (index,)))
            if not (resource.inferred if call.inferred is None else call.inferred):
                _check_list(checker, pointer, call, resource.id)
    if checker.written.audit is not None:
        _check_list(checker, ("audit", "listed_by"), checker.written.audit.listed_by, None)


def _check_list(checker: Checker, pointer: Pointer, call: CatalogueCall, id: str | list[str] | None) -> None:
    at = (*pointer, "at")
    written = checker.expressions.get(at)
    if call.action not in checker.actions or not checker.sound(pointer) or (call.at and written is None):
        return
    tree = written.tree if written is not None else Name("response")
    known = schemas_of_call(checker, checker.base(call.action), checker.actions[call.action])
    reader = Reader(checker)
    schema = reader.schema_of(tree, known)
    members = schema.get("properties") or {}
    if not _rules_out({"type": "object", **schema} if members else schema, "array"):
        return
    lists = _find_lists(reader, tree, known)
    if not lists and isinstance(id, str) and id in members:
        return  # one that lists itself alone, as the account of a key does
    lists = lists or _find_lists(reader, Name("response"), known)
    where = f"`{print_node(tree)}`" if written is not None else "what it answers"
    message = f"`{call.action}` lists nothing here: {where} is not a list"
    help = f"name the list, as `at: {print_node(lists[0]) if lists else 'response.items'}`"
    if len(lists) == 1:
        help = f"write `at: {print_node(lists[0])}`"
    checker.report(
        at if written is not None else pointer, "list", message, help, at_value=written is not None
    )


def _find_lists(reader: Reader, tree: Node, known: dict[str, Schema]) -> list[Member]:
    """Return the members of a value that are lists, by its schema."""
    members = reader.schema_of(tree, known).get("properties") or {}
    parts = [Member(tree, name) for name in members if isinstance(name, str)]
    return [part for part in parts if "array" in _kinds_in(reader.schema_of(part, known))]


def _check_bound_to(checker: Checker, at: Pointer, action: Action, pages: Pages) -> None:
    if pages.bound_to is not None and pages.bound is None:
        message = "`bound_to` does nothing without `bound`, the error for a page of another list"
        checker.report((*at, "bound_to"), "idle", message, "add `bound`, or leave it out", at_value=False)
        return
    for index, name in enumerate(pages.bound_to or ()):
        if name not in action.input or name in (pages.argument, pages.size):
            message = f"`{name}` is not an argument that chooses the list"
            help = "name arguments of the action, without the page and its size"
            checker.report((*at, "bound_to", index), "pages", message, help)


def _check_defaults(checker: Checker, at: Pointer, next: Expression) -> None:
    """Check that each optional argument that `next` is computed from has a default."""
    if "has" in functions_of(next.tree):
        return
    for path in paths_in(next.tree):
        home = (*at[:-2], "input", path[-1])
        raw = checker.at(home)
        if path[0] == "input" and isinstance(raw, dict) and "default" not in raw and not raw.get("required"):
            message = f"`{path[-1]}` has no default, so nothing can be computed of it on the first page"
            checker.report(at, "pages", message, f"add `default` at `input.{path[-1]}`")


def _rules_in(schema: Schema, kinds: frozenset[str]) -> bool:
    """True if a schema states no type, or one of these."""
    return all(_rules_out(schema, kind) for kind in kinds) is False


def _rules_out(schema: Schema, kind: str) -> bool:
    """True if a schema states its types and `kind` is not among them."""
    kinds = _kinds_in(schema)
    return bool(kinds) and kind not in kinds


def _kinds_in(schema: Schema) -> list[str]:
    written = schema.get("type")
    return [written] if isinstance(written, str) else written if isinstance(written, list) else []


def _find_unlisted(
    reader: Reader, node: Node, known: dict[str, Schema]
) -> tuple[Member, Collection[str]] | None:
    """Return the first member of the answer that no schema lists, with the listed ones, or None.

    Laws may read members that an open object does not list. But the next page may depend only on listed
    members.
    """
    for part in walk(node):
        if not isinstance(part, Member) or part.base == Name("input"):
            continue
        schema = reader.schema_of(part.base, known)
        names = schema.get("properties")
        if isinstance(names, dict) and part.name not in names and not _UNIONS & schema.keys():
            return part, names
    return None


def _whole_numbers(node: Node) -> list[Literal]:
    """Return the integers that are added, subtracted, multiplied or divided."""
    return [
        operand
        for part in walk(node)
        if isinstance(part, Infix) and LEVELS[part.signs[0]] > LEVELS["=="]
        for operand in part.operands
        if isinstance(operand, Literal) and operand.kind == "int"
    ]


# -- conditional calls


NOT_MODIFIED, STALE, REQUIRED = 304, 412, 428


def check_conditional(checker: Checker) -> None:
    """Record problems of conditional calls."""
    tagged = any(_has_tag(action) for _, actions in checker.blocks() for action in actions.values())
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.etag:
                _check_tag(checker, (*base, name), action)
            if action.if_match is not None:
                _check_match(checker, (*base, name), action, tagged=tagged)


def _has_tag(action: Action) -> bool:
    """True if an action's answer has an ETag: by `etag`, or by a header of a read's success."""
    read = action.effect.value == "read" and (action.http or "").startswith("GET ")
    outputs = [o for status, o in action.output.items() if o is not None and 200 <= status < 300]
    return action.etag or (read and any(name.lower() == "etag" for o in outputs for name in o.headers))


def _check_tag(checker: Checker, pointer: Pointer, action: Action) -> None:
    at = (*pointer, "etag")
    if action.effect.value != "read" or not (action.http or "").startswith("GET "):
        help = "write it at the GET that reads the same thing"
        checker.report(at, "etag", "`etag` has no effect here: only a GET can be conditional so", help)
        return
    for status, output in action.output.items():
        if checker.source.is_from_document((*pointer, "output", status)):
            continue  # the author's word is in its place
        for name in output.headers if output is not None else ():
            if name.lower() == "etag":
                place = (*pointer, "output", status, "headers", name)
                message = "`etag: true` says this header already"
                checker.report(place, "etag", message, "remove it", at_value=False)
        if status == NOT_MODIFIED:
            place = (*pointer, "output", status)
            message = "`etag: true` says this answer already"
            checker.report(place, "etag", message, "remove it", at_value=False)


def _check_match(checker: Checker, pointer: Pointer, action: Action, *, tagged: bool) -> None:
    at, name = (*pointer, "if_match"), action.if_match or ""
    if not checker.check_reference(at, name, (*pointer, "input"), "argument"):
        return
    param = action.input.get(name)
    if action.effect.value != "write":
        help = "write `etag: true` for a read"
        checker.report(at, "if-match", "`if_match` has no effect on a read", help)
    elif param is not None and (param.in_ != "header" or (param.wire or name).lower() != "if-match"):
        message = f"`{name}` is not sent as the header If-Match"
        checker.report(at, "if-match", message, f"write `in: header, wire: If-Match` at `input.{name}`")
    elif not tagged:
        help = "write `etag: true` at the action that reads the tag"
        checker.report(at, "if-match", "no read has an ETag, so nobody knows a tag to send", help)
    elif not any(_status(checker, code) == STALE for code in action.errors):
        help = f"add a code with `status: {STALE}` to `errors.codes`, and to the `errors` of this action"
        checker.report(at, "if-match", f"the action has no error with status {STALE} for a stale tag", help)

    elif param is not None and not param.required:
        _check_optional(checker, pointer, action)


def _check_optional(checker: Checker, pointer: Pointer, action: Action) -> None:
    code = next((c for c in action.errors if _status(checker, c) == REQUIRED), None)
    if code is not None:
        message = f"`{code}` (428) refuses a write without If-Match, and `{action.if_match}` is not required"
        help = f"write `required: true` at `input.{action.if_match}`, or take `{code}` from the errors"
        checker.report((*pointer, "if_match"), "if-match", message, help)


def _status(checker: Checker, code: str) -> int | None:
    found = checker.written.errors.codes.get(code)
    return found.status if found is not None else None


# -- groups of arguments


REFUSED = 400


def check_groups(checker: Checker) -> None:
    """Record problems of `either`."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.either is not None and _check_groups(checker, (*base, name), action, action.either):
                _check_examples(checker, (*base, name), action, action.either)


def _check_groups(checker: Checker, pointer: Pointer, action: Action, groups: list[list[str]]) -> bool:
    """Record names that are unknown, repeated or required in every call. Return True if there are none."""
    before, met = len(checker.found), set[str]()
    help = "an argument is in one group, and neither required nor filled in"
    for index, group in enumerate(groups):
        for number, name in enumerate(group):
            at = (*pointer, "either", index, number)
            if not checker.check_reference(at, name, (*pointer, "input"), "argument"):
                continue
            param = action.input[name]
            if name in met:
                checker.report(at, "either", f"`{brief(name)}` is in a group already", help)
            elif param.required or f"{{{param.wire or name}}}" in (action.http or ""):
                said = f"`{brief(name)}` is required, so no other group could be given"
                checker.report(at, "either", said, help)
            elif "default" in param.model_fields_set:
                said = f"`{brief(name)}` has a default, so it is always given"
                checker.report(at, "either", said, help)
            met.add(name)
    return len(checker.found) == before


def _check_examples(checker: Checker, pointer: Pointer, action: Action, groups: list[list[str]]) -> None:
    for name, example in action.examples.items():
        given = set(example.input)
        touched = [group for group in groups if given & set(group)]
        whole = len(touched) == 1 and set(touched[0]) <= given
        if not whole and (example.status or 0) < REFUSED:
            said = "the example gives not exactly one group of `either`"
            at = (*pointer, "examples", name, "input")
            checker.report(at, "either", said, "give all arguments of one group, and none of the others")


# -- the question for a person


def check_confirm(checker: Checker) -> None:
    """Record each `{name}` of a question that is nearly the name of an argument."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            body = action.confirm.body if action.confirm else ""
            for held in re.findall(r"\{(\w+)\}", body):
                if held not in action.input and (help := did_you_mean(held, action.input)):
                    at = (*base, name, "confirm", "body")
                    checker.report(
                        at, "unknown-name", f"the question names `{held}`, which is not an argument", help
                    )


# -- deprecation


def check_deprecation(checker: Checker) -> None:
    """Record problems of `deprecated`."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if isinstance(action.deprecated, Deprecated):
                _check_days(checker, (*base, name, "deprecated"), name, action.deprecated)


def _check_days(checker: Checker, at: Pointer, name: str, end: Deprecated) -> None:
    days = {key: _day(checker, (*at, key), getattr(end, key)) for key in ("since", "sunset")}
    since, sunset = days["since"], days["sunset"]
    if since is not None and sunset is not None and sunset < since:
        message = f"it stops working on {sunset}, before it is deprecated on {since}"
        checker.report((*at, "sunset"), "deprecated", message, "correct one of the two days")
    if end.instead == name:
        help = "name the action that callers should use"
        checker.report((*at, "instead"), "deprecated", "an action is not a successor of itself", help)
    elif checker.check_reference((*at, "instead"), end.instead, ("actions",), "action"):
        other = checker.written.actions.get(end.instead or "")
        if other is not None and other.deprecated:
            help = "name one that is not"
            checker.report((*at, "instead"), "deprecated", f"`{end.instead}` is deprecated itself", help)
    if not any((end.since, end.sunset, end.instead)) and checker.sound(at):
        help = "write `deprecated: true`, or since, sunset or instead"
        checker.report(at, "deprecated", "nothing is said of its end", help, at_value=False)


def _day(checker: Checker, at: Pointer, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        checker.report(at, "deprecated", f"`{text}` is not a day of the calendar", "write it as 2027-03-01")
        return None


# -- keys without effect


_PROVES = ("ai_plugin", "copilot", "copilot_mcp")
"""Surfaces whose manifests state how a vendor authenticates."""
_VAULT = {"None": (), "ApiKeyPluginVault": ("reference_id",), "OAuthPluginVault": ("reference_id",)}
_OF_TYPE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "copilot": _VAULT,
    "copilot_mcp": _VAULT,
    "ai_plugin": {
        "none": (),
        "user_http": ("authorization_type",),
        "service_http": ("authorization_type",),
        "oauth": ("client_url", "scope", "authorization_url", "authorization_content_type"),
    },
}
"""The allowed keys for each `type` of a surface's `auth`."""


def check_idle(checker: Checker) -> None:
    """Record binary formats, and `auth` on surfaces whose documents do not contain it."""
    for name, schema in checker.written.schemas.items():
        for pointer, part in _inside(("schemas", name), schema):
            _bytes(checker, pointer, part)
    for base, actions in checker.blocks():
        for action_name, action in actions.items():
            _action(checker, (*base, action_name), action)
    for name, surface in checker.written.surfaces.items():
        if surface.auth and name not in _PROVES:
            message = (
                f"`auth` does nothing on the surface `{name}`: no manifest of it says how a vendor "
                "proves who calls"
            )
            help = (
                f"leave it out; it is read on {', '.join(_PROVES)}, and `auth` at the top says what a "
                "call carries"
            )
            checker.report(("surfaces", name, "auth"), "idle", message, help, at_value=False)
        elif surface.auth:
            _surface_auth(checker, name, surface.auth)


def _surface_auth(checker: Checker, name: str, auth: Mapping[str, str]) -> None:
    """Record keys that the type of a surface's `auth` does not have.

    The vendor's schema checks the type itself.
    """
    taken = _OF_TYPE[name].get(auth.get("type", ""))
    for key in auth if taken is not None else ():
        if key not in ("type", "instructions", *(taken or ())) and not key.startswith("x-"):
            message = f"`{key}` does nothing for `type: {auth['type']}`"
            help = f"leave it out; this type takes {', '.join(taken)}" if taken else "leave it out"
            checker.report(("surfaces", name, "auth", key), "idle", message, help, at_value=False)


def _action(checker: Checker, pointer: Pointer, action: Action) -> None:
    for name, param in action.input.items():
        at = (*pointer, "input", name)
        for part_at, part in _inside(at, param):
            _bytes(checker, part_at, part)
    for status, output in action.output.items():
        if output is not None:
            for part_at, part in _inside((*pointer, "output", status), output):
                _bytes(checker, part_at, part)


def _bytes(checker: Checker, pointer: Pointer, schema: WrittenSchema) -> None:
    if schema.format == "binary":
        message = "`format: binary` does nothing here: JSON holds no bytes"
        checker.report(
            (*pointer, "format"),
            "idle",
            message,
            "leave it out; for bytes in a text write `format: byte` (base64)",
        )


def _inside(pointer: Pointer, schema: WrittenSchema) -> Iterator[tuple[Pointer, WrittenSchema]]:
    """Yield every schema inside a schema, with its pointer."""
    stack = [(pointer, schema)]
    while stack:
        at, here = stack.pop()
        for key, child in children(here):
            yield (*at, *key), child
            stack.append(((*at, *key), child))
