"""Order the values that break one keyword, so that those which reveal most are tried first."""

from __future__ import annotations

from collections import Counter
from typing import Any
from zlib import crc32

from pgagents.http import json_bytes
from pgagents.model.argument import Param
from pgagents.source.origin import plain
from pgagents.verify.cases.as_sent import can_carry
from pgagents.verify.check.setting import Setting
from pgagents.verify.values.invalid_values import InvalidValue
from pgagents.verify.wire.endpoint import Endpoint

_TEXTS = ("description", "title", "default")


def is_tried_too(endpoint: Endpoint, param: Param, violation: InvalidValue) -> bool:
    """True if a value is tried in addition to the first one that breaks its keyword.

    These are values that only look valid, such as full-width digits. They are not tried through a dispatcher
    if REST takes the same text. MCP tools get none, because the tool's schema checks their arguments.
    """
    if not violation.likely or endpoint.form is not None:
        return False
    # the server may find an id absent before it finds it invalid
    if violation.keyword == "pattern" and (param.refers_to or not endpoint.on_rest):
        return not param.refers_to and endpoint.leads
    return violation.likely == "any" or is_in_json(endpoint, param)


def is_in_json(endpoint: Endpoint, param: Param) -> bool:
    """True if the argument is sent as JSON, which has types."""
    return not endpoint.on_rest or not param.as_text


def order_values(group: list[InvalidValue], param: Param, offset: int) -> list[InvalidValue]:
    """Order the values that break one keyword, starting at position `offset` among those that reveal most.

    Values that can be sent over REST come first, so that surfaces can be compared.
    """
    first = [w for w in group if w.priority == 1]
    offset %= max(1, len(first))
    every = [*first[offset:], *first[:offset], *(w for w in group if w.priority > 1)]
    return sorted(
        every,
        key=lambda w: (not can_carry(param, w.value), not (w.value == "" and _may_ignore_empty(param))),
    )


def _may_ignore_empty(param: Param) -> bool:
    """True if servers often take an empty text for a missing argument, so that they ignore a filter."""
    return not param.required and param.as_text and param.place in ("query", "body")


def choose_turn(setting: Setting, endpoint: Endpoint, param: Param, keyword: str, *path: Any) -> int:
    """Return a number that selects which of the values that break a keyword is tried first for this argument.

    It is the same on every surface. Arguments with equal schemas get different numbers, so that together they
    try several values.
    """
    number, schema = setting.compute_once("turns", lambda: _list_turns(setting))[
        endpoint.action.name, param.name
    ]
    return number + crc32("/".join((schema, keyword, *map(str, path))).encode())


def _list_turns(setting: Setting) -> dict[tuple[str, str], tuple[int, str]]:
    """Map each argument to its schema, without titles and descriptions, and to the number of earlier
    arguments with the same schema.
    """
    met: Counter[str] = Counter()
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for action in {id(d.action): d.action for d in setting.every_endpoint}.values():
        for param in action.params:
            schema = json_bytes({k: plain(v) for k, v in param.schema.items() if k not in _TEXTS}).decode()
            found[action.name, param.name] = met[schema], schema
            met[schema] += 1
    return found
