"""Decide if a list goes on after an answer, and with which arguments to request the next page.

No catalogue declares pages yet, so the usual forms are tried. These are an argument that takes a member of
the answer (`cursor` and `next_cursor`), a page number, and how many items to skip.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgagents.http import Response
from pgagents.model.action import Param
from pgagents.verify.check.memory import Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

_NUMBERS = re.compile(r"page|page_?(number|no|num)|p", re.I)
_SKIPPED = re.compile(r"offset|skip|start|start_?(at|index)|from", re.I)
_GOES_ON = re.compile(r"next|more|cursor|token|continu|after", re.I)
_COUNTS = re.compile(r"total|count|size|results?$", re.I)
_LINKS_NEXT = re.compile(r""";\s*rel\s*=\s*["']?next\b""", re.I)
ROUND = 5
"""Pages mostly hold a multiple of five items, from ten on."""
LEAST_PAGE = 10


def may_go_on(exchange: Exchange, items: list[Any]) -> bool:
    """True if further pages may hold more.

    A header or a member of the answer may say so. The list may also be as long as a page: by an argument, or
    by a usual page size.
    """
    if isinstance(exchange.answer, Response) and _LINKS_NEXT.search(exchange.answer.header("link") or ""):
        return True
    if isinstance(exchange.body, Mapping) and any(
        _says_more(str(name), value, len(items)) for name, value in exchange.body.items()
    ):
        return True
    endpoint = exchange.call.endpoint
    sizes = {
        size for p in (endpoint.params if endpoint is not None else ()) for size in _sizes(p, exchange.input)
    }
    return bool(items) and (len(items) in sizes or (len(items) >= LEAST_PAGE and len(items) % ROUND == 0))


def _says_more(name: str, value: Any, held: int) -> bool:
    """True if a member of the answer, also one level down, says that there is more than it holds."""
    if isinstance(value, Mapping):
        return any(_says_more(str(inner), v, held) for inner, v in value.items())
    if isinstance(value, bool | str):
        return bool(value) and _GOES_ON.search(name) is not None
    return isinstance(value, int) and value > held and _COUNTS.search(name) is not None


def _sizes(param: Param, given: Mapping[str, Any]) -> list[Any]:
    """Return page sizes by an argument: its given value, default and maximum."""
    schema = param.schema if isinstance(param.schema, Mapping) else {}
    return [
        v
        for v in (given.get(str(param.name)), schema.get("default"), schema.get("maximum"))
        if type(v) is int and v > 0
    ]


def next_page(
    setting: Setting, endpoint: Endpoint, exchange: Exchange, items: list[Any]
) -> dict[str, Any] | None:
    """Return the arguments that request the next page; None if no argument is known to do it.

    A name alone proves little (`from` may be a date). So a value is sent only if the argument's schema
    accepts it.
    """
    body = {str(k).lower(): v for k, v in exchange.body.items()} if isinstance(exchange.body, Mapping) else {}
    for param in endpoint.params:
        name = str(param.name)
        if param.required or param.place == "path":
            continue
        value = (
            body.get(f"next_{name}".lower())
            or body.get(f"next{name}".lower())
            or _counter(name, exchange.input.get(name), len(items))
        )
        if value is not None and setting.test_argument(endpoint, param).is_valid(value):
            return {name: value}
    return None


def _counter(name: str, before: Any, held: int) -> int | None:
    """Return the next page's number, or the number of items to skip; None for any other argument."""
    if _NUMBERS.fullmatch(name):
        return before + 1 if type(before) is int else 2
    if _SKIPPED.fullmatch(name):
        return before + held if type(before) is int else held
    return None
