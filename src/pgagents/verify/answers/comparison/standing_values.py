"""Find the members of which an older answer must still tell the truth, and compare their values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.verify.answers.comparison.comparable import find_lasting, list_common
from pgagents.verify.answers.comparison.representations import Representation
from pgagents.verify.answers.comparison.shown_instances import ShownInstance
from pgagents.verify.check.setting import Setting

LASTING_S = 600.0
MOMENT_S = 2.0
"""Seconds for which a volatile value is compared with others; LASTING_S is that time for a lasting value."""
SAME_S = 1.0
"""Times that differ by less, in seconds, are the same."""


def list_standing(setting: Setting, old: ShownInstance, new: ShownInstance) -> list[str]:
    """Return the members in both representations whose older value must still be the same."""
    lasts = old.representation.makes or new.at - old.at < LASTING_S
    stays = setting.exclusive and old.written == new.written and new.at - old.at < MOMENT_S
    if not lasts and not stays:
        return []
    common, lasting, passing = _list_compared(setting, old.representation, new.representation)
    names = common if lasts and stays else lasting if lasts else passing
    there = [n for n in names if n in old.body and n in new.body]
    return (
        [n for n in there if not _is_personal(setting, old, n)]
        if _may_be_forgotten(setting, new.at - old.at)
        else there
    )


def _list_compared(setting: Setting, old: Representation, new: Representation) -> tuple[tuple[str, ...], ...]:
    """Return the common members of two representations: all of them, those that last, and the others.

    Computed once for each pair. The catalogue keeps its representations alive, so their `id()` can be a key.
    """

    def find() -> tuple[tuple[str, ...], ...]:
        common, lasting = list_common(setting, new, old), find_lasting(setting, old)
        return (
            common,
            tuple(n for n in common if n in lasting),
            tuple(n for n in common if n not in lasting),
        )

    return setting.compute_once(("compared members", id(old), id(new)), find)


def _may_be_forgotten(setting: Setting, seconds: float) -> bool:
    """True if retention may have removed personal data from an answer after so many seconds."""
    least = setting.compute_once(
        "least retention",
        lambda: min((r.after_s for r in (setting.model.retention or {}).values()), default=math.inf),
    )
    return seconds >= least


def _is_personal(setting: Setting, old: ShownInstance, member: str) -> bool:
    return member in setting.model.private or isinstance(old.body[member], Mapping)


def is_equal(a: Any, b: Any) -> bool:
    """True if two values are equal. Times are compared by the second, as their zone and fraction may differ.

    Objects must have the same members, and lists the same items in the same order.
    """
    if isinstance(a, str) and isinstance(b, str):
        return a == b or _is_same_time(a, b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(is_equal(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(is_equal, a, b))
    return bool(a == b)


def _is_same_time(a: str, b: str) -> bool:
    apart = abs(epoch(a) - epoch(b))
    return math.isfinite(apart) and apart < SAME_S


def is_same(a: Any, b: Any) -> bool:
    """True if two values mean the same. Times are compared by the second, lists in any order."""
    if type(a) is type(b) and a == b:
        return True
    if isinstance(a, str) and isinstance(b, str):
        return _is_same_time(a, b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return all(is_same(a[name], b[name]) for name in a.keys() & b.keys())
    if isinstance(a, list) and isinstance(b, list):
        return sorted(map(repr, a)) == sorted(map(repr, b))
    return bool(a == b)
