"""Read bodies of answers: secrets and times in them, links to the API, and if the catalogue describes
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.jsonschema.schema import says_nothing
from pgagents.base.jsonschema.walk import children
from pgagents.catalogue.decoding.medium import is_json
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.report.causes import Fact
from pgagents.report.contract import FRAMEWORK
from pgagents.verify.setting import Setting
from pgagents.verify.wire.exchange import Exchange

SHORTEST = 8
"""Length (characters) from which a text counts as a secret; shorter texts stand in other answers by
chance.
"""
MAX_DEPTH = 12
_NESTED = (dict, list)


def collect(value: Any, names: frozenset[str], told: dict[str, str]) -> None:
    """Add the text of each member with one of these names to `told`, which maps texts to member names."""
    if isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, _NESTED):
                collect(member, names, told)
            elif name in names and isinstance(member, str) and len(member) >= SHORTEST:
                told[member] = str(name)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, _NESTED):
                collect(item, names, told)


def declares(setting: Setting, key: Any, schema: Mapping[str, Any] | None) -> bool:
    """True if a schema has a secret member.

    `key` identifies the schema, so that the result is computed once a run.
    """
    if schema is None:
        return False
    return setting.compute_once(
        ("secrets", "declares", key), lambda: bool(setting.model.secrets & set(_names(schema, setting, 0)))
    )


def _names(schema: Mapping[str, Any], setting: Setting, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        return
    schema = setting.resolve_schema(schema)
    for child in children(schema):
        if child.keyword == "properties":
            yield str(child.steps[1])
        if isinstance(child.schema, Mapping):
            yield from _names(child.schema, setting, depth + 1)


# -- times, and the form that the catalogue fixes for them


_FRACTION = re.compile(r"\d\.\d+(Z|[+-]\d\d:\d\d)$", re.I)


def find_malformed_time(setting: Setting, body: Any, schema: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the first malformed time in an answer, as (expected, actual); None if all have the catalogue's
    form.
    """
    points = setting.model.behaviour
    if points.time_zone == "any" and points.time_fraction == "any":
        return None
    for path, text in _moments(body, schema, setting, ()):
        if points.time_zone == "Z" and not text.endswith("Z"):
            return f"{path} is in UTC with Z", f"{path}: {text}"
        if points.time_fraction == "none" and _FRACTION.search(text):
            return f"{path} has whole seconds", f"{path}: {text}"
    return None


def _moments(
    body: Any, schema: Mapping[str, Any], setting: Setting, path: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    found = setting.compute_once(("moments", id(schema)), lambda: _make_timed(schema, setting))
    if found.is_time and isinstance(body, str):
        yield ".".join(path), body
    elif isinstance(body, dict):
        for name, member, plain in found.members:
            value = body.get(name)
            if plain and isinstance(value, str):
                yield ".".join((*path, name)), value
            elif value is not None and not plain:
                yield from _moments(value, member, setting, (*path, name))
    elif isinstance(body, list) and found.items is not None:
        for index, item in enumerate(body):
            yield from _moments(item, found.items, setting, (*path, str(index)))


@dataclass(frozen=True, slots=True)
class _Timed:
    """The parts of a schema that may hold times: the schema itself, its members and its items.

    It keeps the schema alive, because results are cached by the schema's `id()`.
    """

    schema: Mapping[str, Any]
    is_time: bool
    members: tuple[tuple[str, Mapping[str, Any], bool], ...]
    """Names and schemas, each with True if the member is a time and holds no others."""
    items: Mapping[str, Any] | None


def _make_timed(given: Mapping[str, Any], setting: Setting) -> _Timed:
    schema = setting.resolve_schema(given)
    parts = (schema, *(setting.resolve_schema(s) for s in schema.get("allOf", ())))
    members = [(name, member) for part in parts for name, member in part.get("properties", {}).items()]
    resolved = [(name, member, setting.resolve_schema(member)) for name, member in members]
    within = tuple((name, member, not _may_nest(part)) for name, member, part in resolved if _may_hold(part))
    items = schema.get("items")
    return _Timed(
        given, schema.get("format") == "date-time", within, items if isinstance(items, Mapping) else None
    )


def _may_hold(schema: Mapping[str, Any]) -> bool:
    return schema.get("format") == "date-time" or _may_nest(schema)


def _may_nest(schema: Mapping[str, Any]) -> bool:
    return not schema.keys().isdisjoint(("properties", "allOf", "items"))


# -- bodies that the catalogue describes


def _has_body(model: Model, code: Code) -> bool:
    """Return True if a code's envelope is more than any body."""
    return not says_nothing(model.schemas.get(code.envelope, {}))


def is_documented_answer(exchange: Exchange, model: Model) -> bool:
    """Return True if the catalogue describes the body of such an answer.

    A catalogue describes every answer of an action, and those refusals of the framework whose code is under
    `errors.framework`. An imported document describes only the answers for which it gives a schema. It
    describes no refusal of the framework with a status that it does not name.
    """
    endpoint = exchange.call.endpoint
    if not exchange.place.startswith(f"{FRAMEWORK}@"):
        if not model.leaves_open or endpoint is None:
            return True
        if not exchange.refused:
            return exchange.output is not None and exchange.output.schema is not None
        codes = (*endpoint.action.errors, *model.always())
        return any(code.status == exchange.status and _has_body(model, code) for code in codes)
    named = [model.codes[name] for name in dict(model.errors.framework).values() if name is not None]
    return any(code.status == exchange.status and not code.inferred for code in named)


# -- links to the API itself


def find_own_target(bases: Iterable[str], declared: str, link: str) -> str | None:
    """Return the path and query of an absolute link, without the path of the base URL that it is under.

    The longest base URL of the link's host counts. If that host has a base URL without a path, the path of
    the `declared` server counts there too. A test server often serves at its root what links name under the
    declared path. None for a link to another host, or for a text that is not a URL. None too for a path under
    none of the base URLs, which no request can reach.
    """
    try:
        parts = urlsplit(link)
        hosts = [base for base in map(urlsplit, bases) if base.netloc.lower() == parts.netloc.lower()]
        elsewhere = urlsplit(declared).path.rstrip("/")
    except ValueError:
        return None
    path = parts.path or "/"
    above = {base.path.rstrip("/") for base in hosts}
    longest = sorted({*above, elsewhere} if "" in above else above, key=len, reverse=True)
    prefix = next((base for base in longest if f"{path}/".startswith(f"{base}/")), None)
    if prefix is None or parts.scheme not in ("http", "https"):
        return None
    return (path.removeprefix(prefix) or "/") + (f"?{parts.query}" if parts.query else "")


def find_fact_of_body(exchange: Exchange) -> Fact:
    """Return the fact behind a body that is not JSON: its medium, if its Content-Type is none of JSON.

    `content_type` finds the same fact. A body that breaks off under the right type is a fact of its own.
    """
    answer = exchange.response
    if answer is None or not answer.body:
        return ""
    return "" if answer.media_type and is_json(answer.media_type) else "medium"


def name_wrong_member(error: Any) -> str:
    """Return the member that an error of JSON Schema is about, as steps with dots (`items.0.price`).

    It is a missing member, the first one that is not allowed, or else where the error is. Empty for the whole
    body.
    """
    unexpected = getattr(error.kind, "unexpected", None) or ()
    inner = [getattr(error.kind, "property", None), *unexpected]
    steps = [*error.instance_path, *[name for name in inner if isinstance(name, str)][:1]]
    return ".".join(map(str, steps))
