"""Bring answers into a normal form, so that two of them can be compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.exchange import Exchange


def normalize_answer(setting: Setting, exchange: Exchange) -> list[str]:
    """Return the items of an answer's lists without volatile members; without a list, all its members.

    Times are compared as epoch seconds and whole numbers as floats, in any notation. The items are sorted
    unless the catalogue fixes the order of ties.
    """
    volatile = {
        name
        for resource in setting.model.resources.values()
        for name in resource.volatile
        if name not in resource.ids
    }
    body = exchange.body if isinstance(exchange.body, Mapping) else {}
    lists = [value for value in body.values() if isinstance(value, list)]
    found = (
        [repr(_plain(item, volatile)) for some in lists for item in some]
        if lists
        else [repr(_plain(body, volatile))]
    )
    return sorted(found) if setting.model.behaviour.order_of_ties == "any" else found


def differing(one: Iterable[str], other: Iterable[str]) -> str:
    """Describe in a few words how two normalized answers differ.

    The values are not quoted, because they may be secrets.
    """
    here, there = list(one), list(other)
    if len(here) != len(there):
        return f"{len(here)} items, not {len(there)}"
    return "as many items, with other members" if len(here) > 1 else "other members"


def _plain(value: Any, left_out: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v, left_out) for k, v in sorted(value.items()) if k not in left_out}
    if isinstance(value, list):
        return [_plain(v, left_out) for v in value]
    if isinstance(value, str) and math.isfinite(moment := epoch(value)):
        return moment
    return (
        float(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e300
        else value
    )
