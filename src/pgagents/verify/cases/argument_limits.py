"""Find the least and the greatest value of an argument that a call may have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pgagents.cel.expression import Expression, compile_node
from pgagents.cel.rewrite import fill
from pgagents.encoding.file import MAX_BOUNDARY, make_file
from pgagents.model.argument import Param
from pgagents.verify.cases.law.mutants import CANDIDATES, choose_most_telling
from pgagents.verify.check.setting import Setting
from pgagents.verify.laws.equations import equations
from pgagents.verify.values.invalid_values import WIDE, WIDE_BYTES
from pgagents.verify.values.schema_values import UNBOUNDED, high, low, matches, types_of
from pgagents.verify.values.sizes import has_far_bound, is_too_long
from pgagents.verify.wire.endpoint import Endpoint

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
    lists = any(
        call.action is endpoint.action for r in setting.model.resources.values() for call in r.listed_by
    )
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
    }
    return {
        **value,
        **{
            n: str(value[n])[: max(1, s.get("minLength", 0))]
            for n, s in free.items()
            if isinstance(value[n], str)
        },
    }


def greatest_value(setting: Setting, endpoint: Endpoint, param: Param, base: Mapping[str, Any]) -> Any:
    """Return the greatest value of an argument.

    A text is as long as allowed, in characters of four bytes. A number without a bound gets the value that
    reveals most mutants of the laws that read it.
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
            return WIDE * int(most)
    if "number" in types_of(schema) and not {"maximum", "exclusiveMaximum", "enum", "const"} & schema.keys():
        plain = {k: v for k, v in base.items() if isinstance(v, str | int | float)}
        known = {
            "response": {},
            "status": 200,
            "surface": endpoint.surface,
            "now": 0.0,
            "before": None,
            "env": setting.model.env,
        }
        values = [(v, {**known, "input": {**plain, name: v}}) for v in CANDIDATES if matches(schema, v)]
        found, _ = setting.compute_once(
            ("telling", endpoint.action.name, name),
            lambda: choose_most_telling(equations(endpoint.action.laws), values),
        )
        if found is not None:
            return found
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
