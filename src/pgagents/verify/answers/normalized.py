"""Bring answers into a normal form, so that two of them can be compared."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.cel.functions import epoch
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import items_of, values_for
from pgagents.verify.fixtures.instance import at_path, siblings
from pgagents.verify.judgement import demand
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange

EMBEDDED, LINKS = "_embedded", ("_links", "links")
"""HAL's member with an answer's lists, and the members with links in HAL and JSON:API."""
URLS = ("uri", "url", "uri-reference", "iri", "iri-reference")
REPEATS = 3
"""The most calls that are made again to see which members change by themselves."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d[\d:.]*(?:[Zz]|[+-]\d\d:\d\d)")
_CURSOR = re.compile(r"next|cursor|token|continu", re.I)


@dataclass(frozen=True, slots=True)
class NormalAnswer:
    """The items of an answer's lists; or, if it has none, all its members by their dotted paths.

    Beside items nothing is compared: a cursor may repeat the call's arguments as they were written.
    """

    items: tuple[str, ...]
    members: Mapping[str, str]


def normalize_answer(setting: Setting, exchange: Exchange) -> NormalAnswer:
    """Return the items of an answer's lists without volatile members; without items, all its members.

    Links of the answer are left out, because they repeat the request. Times are compared as epoch seconds and
    whole numbers as floats, in any notation. The items are sorted unless the catalogue fixes the order of
    ties.
    """
    volatile = {
        name
        for resource in setting.model.resources.values()
        for name in resource.volatile
        if name not in resource.ids
    }
    lists = list(_find_lists(setting, exchange))
    found = [repr(_plain(item, volatile)) for some in lists for item in some]
    if found:
        return NormalAnswer(
            tuple(sorted(found) if setting.model.behaviour.order_of_ties == "any" else found), {}
        )
    members = {path: repr(value) for path, value in _list_members(setting, exchange, volatile)}
    if lists:
        members = {p: value for p, value in members.items() if not _repeats_arguments(exchange, p, value)}
    return NormalAnswer((), members)


def is_alike_when_repeated(
    call: Call, normalize: Callable[[Exchange], NormalAnswer], one: NormalAnswer, other: NormalAnswer
) -> bool:
    """Repeat the call that was answered with `one`, to see which members change by themselves.

    Return true if the two answers differ in nothing but these, such as a request id. Raises Untested if no
    repetition is answered.
    """
    changing: set[str] = set()
    for _ in range(REPEATS if one.items == other.items else 0):
        exchange = demand(ask(call))
        if not (exchange.success and exchange.fits):
            return False
        again = normalize(exchange)
        changing |= _list_differing(one.members, again.members)
        rest = _list_differing(one.members, other.members) - changing
        if again.items == one.items and not rest and (one.items or one.members.keys() - changing):
            return True
    return False


def _list_differing(one: Mapping[str, str], other: Mapping[str, str]) -> set[str]:
    return {path for path in {**one, **other} if one.get(path) != other.get(path)}


def differing(one: NormalAnswer, other: NormalAnswer) -> str:
    """Describe in a few words how two normal answers differ.

    The values are not quoted, because they may be secrets.
    """
    if len(one.items) != len(other.items):
        return f"{len(one.items)} items, not {len(other.items)}"
    return "as many items, with other members" if len(one.items) > 1 else "other members"


def _find_lists(setting: Setting, exchange: Exchange) -> Iterator[list[Any]]:
    """Yield the lists of an answer: the body itself, those on its top level, and the declared one further in.

    A list of links is none of them.
    """
    body = exchange.body
    if isinstance(body, list):
        yield body
    if not isinstance(body, Mapping):
        return
    inner = body.get(EMBEDDED)
    met: list[Any] = []
    for part in (body, inner if isinstance(inner, Mapping) else {}):
        for name, value in part.items():
            if isinstance(value, list) and not _are_links(name, value):
                met.append(value)
                yield value
    for declared in _find_declared(setting, exchange):
        if isinstance(declared, list) and not any(declared is known for known in met):
            met.append(declared)
            yield declared


def _find_declared(setting: Setting, exchange: Exchange) -> Iterator[Any]:
    """Yield what stands where the catalogue says that an answer's list is."""
    action = exchange.call.endpoint.action if exchange.call.endpoint is not None else None
    if action is not None and action.pages is not None:
        yield items_of(action.pages, values_for(exchange.input, exchange.body, exchange.response))
    for resource in setting.model.resources.values():
        for call in (resource.found_by, *resource.listed_by):
            if call is not None and call.action is action and call.at is not None and not call.body_at:
                yield at_path(call, exchange)
                yield siblings(call.at, exchange)


def _list_members(setting: Setting, exchange: Exchange, left_out: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each member of a body, except links."""
    action = exchange.call.endpoint.action if exchange.call.endpoint is not None else None

    def walk(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        if isinstance(value, Mapping) and value:
            for name, member in value.items():
                if name not in left_out and not _are_links(name, member):
                    yield from walk(member, (*path, name))
        elif not _is_link(setting, exchange, action, path, value):
            yield ".".join(path), _plain(value, left_out)

    if isinstance(exchange.body, Mapping | list | int | float):  # a text may repeat the arguments
        yield from walk(exchange.body, ())


def _are_links(name: str, value: Any) -> bool:
    """True for the links of an answer, by the name of their member."""
    if name not in LINKS:
        return False
    listed = isinstance(value, list) and all(isinstance(v, Mapping) and "href" in v for v in value)
    return isinstance(value, Mapping) or listed


def _is_link(
    setting: Setting, exchange: Exchange, action: Action | None, path: tuple[str, ...], value: Any
) -> bool:
    """True for a text that is a URL by its schema, or one with the path of the request and a query."""
    if not isinstance(value, str):
        return False
    if action is not None and setting.model.schema_at(action, path).get("format") in URLS:
        return True
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.query) and parts.path.endswith(exchange.request.path)


def _repeats_arguments(exchange: Exchange, path: str, value: str) -> bool:
    """True for an argument that the answer repeats, for what is left of none, and for the text of a cursor.

    They may stand beside a list as they were written in the call, also if the list is empty.
    """
    name, endpoint = path.rpartition(".")[2], exchange.call.endpoint
    arguments = {str(n) for p in (endpoint.params if endpoint else ()) for n in (p.name, p.wire)}
    return name in arguments or value == "{}" or (value[:1] in "'\"" and _CURSOR.search(name) is not None)


def _plain(value: Any, left_out: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v, left_out) for k, v in sorted(value.items()) if k not in left_out}
    if isinstance(value, list):
        return [_plain(v, left_out) for v in value]
    if isinstance(value, str) and math.isfinite(moment := epoch(value)):
        return moment
    if isinstance(value, str):
        return _TIME.sub(lambda found: str(epoch(found[0])), value)
    return (
        float(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e300
        else value
    )
