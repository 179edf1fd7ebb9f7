"""Make boundary cases: valid calls at the limits of what the schemas allow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.cel.expression import Expression, compile_node
from pgagents.base.cel.reading import applies
from pgagents.base.cel.rewrite import fill
from pgagents.catalogue.encoding.medium import MAX_BOUNDARY, make_file
from pgagents.catalogue.model.action import FileLimits, Param, Relation
from pgagents.catalogue.model.values import find_format, list_moments
from pgagents.verify.cases.argument_values import (
    add_decimals,
    around_names,
    find_elsewhere,
    list_place_cases,
    move_beside,
    places,
)
from pgagents.verify.fixtures.guesses import is_guess
from pgagents.verify.fixtures.own_schemas import fit_arguments
from pgagents.verify.fixtures.request_template import RequestTemplate, make_accepted, template_of
from pgagents.verify.fixtures.target import list_involved
from pgagents.verify.setting import Setting
from pgagents.verify.values.bounds import has_far_bound, is_too_long, say_unmade
from pgagents.verify.values.invalid_values import WIDE, WIDE_BYTES
from pgagents.verify.values.schema_values import UNBOUNDED, branches, high, low, matches, types_of
from pgagents.verify.wire.call import InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint

ENDS = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
"""The first and the last time that can be written by RFC 3339."""
TELLING = (0.29, 1.15, 0.07, 0.03, 0.57, 0.1, 0.7, 1.1, 2.3, 4.1, 5.35, 8.2, 10.01, 16.35, 23.99, 3, 7, 13)
"""Numbers that no double represents exactly, whose products end in half a cent, or that are whole and
unusual.
"""
DAY_S = 86_400
SOON_S = 600
FIRST = "size(text) > 1 ? first(text, 1.0) : text"
BEGINNING = "size(text) > 1 ? first(text, size(text) - 1.0) : text"
"""CEL for the first character of a text, and for all characters but the last. A single character stays
whole.
"""


def boundary_values(setting: Setting, endpoint: Endpoint) -> tuple[tuple[str, dict[str, Any], str], ...]:
    """Return valid inputs at the limits of the schemas, as (name, arguments, description).

    Arguments that name a location keep the location of the test data, because they have boundary cases of
    their own.
    """
    return setting.compute_once(("edges", endpoint.place), lambda: tuple(_list_accepted(setting, endpoint)))


def boundary_value(setting: Setting, endpoint: Endpoint, name: str) -> dict[str, Any] | None:
    """Return the arguments of the boundary case with this name; None if the endpoint has no case of this
    name.
    """
    return next((given for known, given, _ in boundary_values(setting, endpoint) if known == name), None)


def _list_accepted(setting: Setting, endpoint: Endpoint) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the boundary cases. Arguments that would meet the condition of an error keep their usual
    values.
    """
    base = template_of(setting.model, endpoint.action).input
    for name, given, says in _list_boundary_values(setting, endpoint):
        accepted = make_accepted(endpoint.action, given, base)
        if accepted is not None:
            keep = [name.partition("_")[2]] if "_" in name else []
            fitted = fit_arguments(setting.model, endpoint.action, accepted, keep) or accepted
            if not setting.say_reaching(endpoint.action, fitted):
                yield name, fitted, says


def _list_boundary_values(setting: Setting, endpoint: Endpoint) -> Iterator[tuple[str, dict[str, Any], str]]:
    template = template_of(setting.model, endpoint.action)
    place = places(setting)
    writes = endpoint.action.effect == "write"
    tied = around_names(setting)
    plainly = [p for p in endpoint.params if _own(setting, endpoint, p, template) and str(p.name) not in tied]
    wide = [
        p
        for p in endpoint.params
        if _own(setting, endpoint, p, template) and str(p.name) not in (tied if writes else place)
    ]
    around = [
        p
        for p in endpoint.params
        if _own(setting, endpoint, p, template) and str(p.name) in place and p.required and not writes
    ]
    base = dict(template.input)
    least = {k: v for k, v in base.items() if (q := endpoint.action.param(k)) is None or q.required}
    least |= {str(p.name): add_decimals(setting, p, base.get(str(p.name))) for p in around}
    least |= {
        name: begin
        for name, value in least.items()
        if (begin := find_beginning(setting, endpoint, name, value, FIRST)) is not None
    }
    if setting.model.leaves_open and writes:
        least |= _keep_a_change(setting, endpoint, least, base)
    if _optional(endpoint):
        yield "minimal", least, "with only its required arguments"
    if plainly:
        inside = {
            name: least_inside(setting, endpoint, name, value)
            for name, value in base.items()
            if isinstance(value, Mapping)
        }
        yield (
            "low",
            {**base, **inside, **{str(p.name): least_value(setting, p, base) for p in plainly}},
            "with every argument at its least",
        )
    if wide:
        yield from _list_greatest(setting, endpoint, wide, around, base, least)
    if not writes:
        yield from _around_now(setting, endpoint, base)
    for param in endpoint.params:
        if param in plainly or param.required or writes or not _own(setting, endpoint, param, template):
            continue
        name = str(param.name)
        yield f"low_{name}", {**base, name: least_value(setting, param, base)}, f"with {name} at its least"
    yield from _alternatives(setting, endpoint, base)
    if around and endpoint.leads:
        yield from list_place_cases(setting, endpoint, around, base)


def _keep_a_change(
    setting: Setting, endpoint: Endpoint, least: Mapping[str, Any], base: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return one member of a body whose members are all optional; empty for any other call.

    A document seldom says that a server refuses a change of nothing.
    """
    members = [param for param in endpoint.params if param.place == "body" and not param.refers_to]
    if not members or any(param.place == "body" and str(param.name) in least for param in endpoint.params):
        return {}
    free = [param for param in members if not setting.holds(endpoint.action, str(param.name))]
    first = next((param for param in members if str(param.name) in base), next(iter(free), members[0]))
    name = str(first.name)
    return {name: base[name] if name in base else least_value(setting, first, base)}


def _list_greatest(
    setting: Setting,
    endpoint: Endpoint,
    wide: Sequence[Param],
    around: Sequence[Param],
    base: Mapping[str, Any],
    least: Mapping[str, Any],
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a call with all wide arguments at their greatest, then calls with one of them at its greatest."""
    begun = {
        name: begin
        for name, value in base.items()
        if (begin := find_beginning(setting, endpoint, name, value, BEGINNING)) is not None
    }
    greatest = {str(p.name): greatest_value(setting, endpoint, p) for p in wide}
    yield (
        "high",
        {**base, **begun, **greatest, **move_beside(setting, endpoint, around, base)},
        f"with every argument at its greatest{say_far_bounds(setting, wide)}",
    )
    writes = endpoint.action.effect == "write"
    bounded = list_bounded(setting, wide) if endpoint.leads and len(greatest) > 1 else []
    for name in bounded if not writes or len(bounded) > 1 else ():
        alone = {**(base if writes else least), **find_elsewhere(setting, around), name: greatest[name]}
        yield f"high_{name}", alone, f"with {name} alone at its greatest"


def _alternatives(
    setting: Setting, endpoint: Endpoint, base: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a call for each further alternative of an argument, for null if it is allowed, and for each
    further type of file.
    """
    for param in endpoint.params:
        name, schema = str(param.name), setting.resolve_schema(param.schema)
        given = base.get(name)
        if (
            param.refers_to
            or name == endpoint.action.idempotency
            or (isinstance(given, InstanceRef | UniqueValue | Signature | Expression) and not is_guess(given))
            or (endpoint.on_rest and param.place not in ("body", "whole_body"))
        ):
            continue
        for number, value in enumerate(branches(param.schema, setting.model.schemas)[1:], 2):
            yield f"branch_{name}_{number}", {**base, name: value}, f"with alternative {number} of {name}"
        for number, kind in enumerate(param.file.media[1:] if param.file is not None else (), 2):
            file = make_file(param.file or FileLimits(), media=kind)
            yield f"type_{name}_{number}", {**base, name: file.url}, f"with a file of the type {kind}"
        if "null" in types_of(schema):
            yield f"null_{name}", {**base, name: None}, f"with null for {name}"


def _around_now(
    setting: Setting, endpoint: Endpoint, base: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a call with a period from yesterday to the near future, if the action takes two times."""
    moments = list_moments(endpoint.params, setting.model.schemas)
    times = {str(p.name): RelativeTime(SOON_S * i if i else -DAY_S) for i, p in enumerate(moments)}
    if len(moments) > 1:
        yield "around_now", {**base, **times}, "from yesterday to soon"


def unusual(setting: Setting, endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a read's arguments with times at the ends of the calendar, where the schema allows these.

    A server may have a reason to refuse them; if the call succeeds, the laws must hold for its answer, too.
    """
    found = dict(given)
    for param in endpoint.params:
        name, schema = str(param.name), setting.resolve_schema(param.schema)
        value = given.get(name)
        if schema.get("format") == "date-time" and isinstance(value, str):
            found[name] = ENDS[sum(found.get(str(p.name)) == ENDS[0] for p in endpoint.params) > 0]
        if found.get(name) != value and (
            not setting.test_argument(endpoint, param).is_valid(found[name])
            or setting.say_reaching(endpoint.action, found)
        ):
            found[name] = value
    return found


def fills_a_page(setting: Setting, endpoint: Endpoint, relation: Relation) -> bool:
    """True if the relation widens the maximum number of items in an answer, and the list has no further
    pages.

    A relation with `fits` widens a filter instead, such as a maximum price.
    """
    param = endpoint.action.param(relation.widen) if relation.fits is None else None
    members = setting.resolve_schema(endpoint.action.success.schema or {}).get("properties", {})
    paged = any(name.lower().startswith("next") for name in members)
    return param is not None and types_of(setting.resolve_schema(param.schema)) == ("integer",) and not paged


def free_params(setting: Setting, endpoint: Endpoint) -> list[Param]:
    """Return the arguments that may have any value of their schema, wherever they are sent.

    Files are left out, because no pattern describes well-formed data URLs.
    """
    template = template_of(setting.model, endpoint.action)
    tied = around_names(setting) if endpoint.action.effect == "write" else places(setting)
    own = [p for p in endpoint.params if p.file is None and _own(setting, endpoint, p, template)]
    return [p for p in own if str(p.name) not in tied]


def _optional(endpoint: Endpoint) -> bool:
    return any(not p.required for p in endpoint.params)


def _own(setting: Setting, endpoint: Endpoint, param: Param, template: RequestTemplate) -> bool:
    """True if the argument may have any value: it is neither an id, a key nor an object, and no resource
    or default sets it. An argument whose least value is too large to be sent has none.
    """
    name = str(param.name)
    given = template.input.get(name)
    if (
        param.refers_to
        or name == endpoint.action.idempotency
        or isinstance(given, InstanceRef | UniqueValue | Signature)
        or setting.holds(endpoint.action, name)
    ):
        return False
    if (not param.required and opaque(setting, endpoint, param)) or (
        param.place == "path" and "default" in param.schema
    ):
        return False
    if isinstance(given, Expression) and {"resource"} & given.names:
        return False
    schema = setting.resolve_schema(param.schema)
    if say_unmade(schema, setting.model.schemas, name):
        return False
    kinds = set(types_of(schema)) - {"null"}
    if kinds & {"number", "integer", "string"} or schema.get("enum"):
        return not find_format(name, schema)
    return kinds == {"boolean"} and endpoint.action.effect == "read"


def opaque(setting: Setting, endpoint: Endpoint, param: Param) -> bool:
    """True for a text whose meaning the schema does not give, such as a cursor. It has no format and no
    example.
    """
    name, schema = str(param.name), setting.resolve_schema(param.schema)
    if "string" not in types_of(schema) or schema.get("enum"):
        return False
    return not any(name in e.input for e in endpoint.action.examples if e.status < 300)


# -- the least and the greatest value of an argument


_BOUND = {"enum", "const", "pattern", "format", "contentEncoding"}


def find_beginning(
    setting: Setting, endpoint: Endpoint, name: str, given: Any, form: str
) -> Expression | None:
    """Return an expression for the beginning of the text by which a list is searched; None for any other
    argument.

    A server that compares only the beginning of the text breaks the laws of the list. `form` is an expression
    with `text` in the place of the text.
    """
    param = endpoint.action.param(name)
    involved = list_involved(setting.model, endpoint.action)
    lists = any(call.action is endpoint.action for r in involved for call in r.listed_by)
    if (
        not lists
        or param is None
        or param.refers_to
        or not isinstance(given, Expression)
        or "resource" not in given.names
    ):
        return None
    schema = setting.resolve_schema(param.schema)
    if (
        types_of(schema) != ("string",)
        or schema.get("enum")
        or schema.get("format")
        or schema.get("minLength", 0) > 1
        or not matches({key: schema[key] for key in ("pattern",) if key in schema}, "a")
    ):
        return None
    return setting.compute_once(
        ("beginning", form, given.canonical), lambda: compile_node(fill(form, text=given.tree), given.names)
    )


def list_bounded(setting: Setting, params: Collection[Param]) -> list[str]:
    """Return the names of the numbers that have a maximum.

    Each gets a call of its own, because another argument at its greatest may hide its error.
    """
    numbers = [p for p in params if {"number", "integer"} & set(types_of(setting.resolve_schema(p.schema)))]
    return [
        str(p.name)
        for p in numbers
        if {"maximum", "exclusiveMaximum"} & setting.resolve_schema(p.schema).keys()
    ]


def least_value(setting: Setting, param: Param, base: Mapping[str, Any]) -> Any:
    """Return the least value of an argument.

    A text keeps the beginning of the usual value, which reveals a lookup by prefix. An optional flag is true
    here, and false in `greatest_value`, because most data is found without the flag.
    """
    if _only_flag(setting, param):
        return True
    least, usual = low(param.schema, setting.model.schemas), base.get(str(param.name))
    if (
        isinstance(least, str)
        and isinstance(usual, str)
        and matches(setting.resolve_schema(param.schema), begun := usual[: len(least)])
    ):
        return begun
    return least


def least_inside(setting: Setting, endpoint: Endpoint, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object whose free texts are as short as the schema allows."""
    param = endpoint.action.param(name)
    members = setting.resolve_schema(param.schema).get("properties", {}) if param is not None else {}
    free = {
        n: s
        for n in value
        if (s := setting.resolve_schema(members.get(n, {})))
        and types_of(s) == ("string",)
        and not _BOUND & s.keys()
        and not find_format(n, s)
    }
    return {
        **value,
        **{
            n: str(value[n])[: max(1, s.get("minLength", 0))]
            for n, s in free.items()
            if isinstance(value[n], str)
        },
    }


def greatest_value(setting: Setting, endpoint: Endpoint, param: Param) -> Any:
    """Return the greatest value of an argument.

    A text is as long as allowed, in characters of four bytes where each counts once. A number without a bound
    gets one that no double represents exactly if a law computes cents with it.
    """
    schema, name = setting.resolve_schema(param.schema), str(param.name)
    if _only_flag(setting, param):
        return False
    if param.file is not None:
        size = param.file.max_bytes
        return make_file(param.file, size=size if size is not None and size <= MAX_BOUNDARY else None).url
    if (
        set(types_of(schema)) <= {"string", "null"}
        and not _BOUND & schema.keys()
        and not (endpoint.on_rest and param.place in ("header", "path", "cookie"))
    ):
        usual = max(schema.get("minLength", 0), UNBOUNDED)
        most = schema.get("maxLength", usual)
        if not is_too_long(most, WIDE_BYTES):
            return ("x" if setting.counts_units else WIDE) * int(most)
    if "number" in types_of(schema) and not {"maximum", "exclusiveMaximum", "enum", "const"} & schema.keys():
        telling = next((value for value in TELLING if matches(schema, value)), None)
        if telling is not None and any(
            applies(law.that.tree, "cents", ("input", name)) for law in endpoint.action.laws
        ):
            return telling
    return high(param.schema, setting.model.schemas)


def say_far_bounds(setting: Setting, params: Collection[Param]) -> str:
    """Return that the greatest value of some arguments is too large to be sent; empty if of none."""
    names = [str(p.name) for p in params if has_far_bound(setting.resolve_schema(p.schema))]
    return f", save that the greatest {' and '.join(names)} would be too large to send" if names else ""


def _only_flag(setting: Setting, param: Param) -> bool:
    """True for an optional flag of a read; setting it usually leaves items out."""
    return (
        not param.required
        and param.place == "query"
        and types_of(setting.resolve_schema(param.schema)) == ("boolean",)
    )
