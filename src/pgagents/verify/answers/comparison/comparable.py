"""Find the members of representations that can be compared: common, lasting and volatile ones."""

from __future__ import annotations

from pgagents.verify.answers.comparison.representations import (
    Representation,
    kind_of,
)
from pgagents.verify.check.setting import Setting


def list_common(setting: Setting, one: Representation, other: Representation) -> tuple[str, ...]:
    """Return the members that both representations describe in the same words.

    One of the two answers must depend on the instance alone; else return none.
    """
    if (
        one.action == other.action
        or one.kind != other.kind
        or not (one.direct or other.direct)
        or (one.writes and other.writes)
    ):
        return ()

    def find() -> tuple[str, ...]:
        alike = [r for r in setting.model.resources.values() if kind_of(setting, r) == one.kind]
        moving = {member for r in alike for member in r.shows_job}
        return tuple(n for n, words in one.words.items() if other.words.get(n) == words and n not in moving)

    key = ("comparable", "common", one.action, one.path, one.id, other.action, other.path, other.id)
    return setting.compute_once(key, find)


def find_lasting(setting: Setting, old: Representation) -> frozenset[str]:
    """Return the members that never change after the first answer.

    If calls make the resource, these are the fixed members of its maker; else all except the volatile ones.
    """

    def find() -> frozenset[str]:
        alike = [r for r in setting.model.resources.values() if kind_of(setting, r) == old.kind]
        if any(r.made_by for r in alike):
            makes = [r for r in alike if r.made_by is not None and r.made_by.action.name == old.action]
            return frozenset(m for r in makes for m in r.fixed)
        return frozenset(old.words) - {m for r in alike for m in r.volatile}

    return setting.compute_once(("comparable", "lasting", old.kind, old.action, old.path, old.id), find)


def list_dating(setting: Setting, representation: Representation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the volatile members as (timestamps, other values); both empty unless the action reads this one
    instance.
    """

    def find() -> tuple[tuple[str, ...], tuple[str, ...]]:
        volatile = (
            list_volatile(setting, representation.kind) & representation.words.keys()
            if representation.direct and not representation.writes
            else frozenset()
        )
        times = tuple(sorted(n for n in volatile if '"date-time"' in representation.words[n]))
        return times, tuple(sorted(volatile - set(times)))

    return setting.compute_once(
        (
            "comparable",
            "dating",
            representation.kind,
            representation.action,
            representation.path,
            representation.id,
        ),
        find,
    )


def list_volatile(setting: Setting, kind: str) -> frozenset[str]:
    """Return the volatile members of those resources of this kind that no call makes."""

    def find() -> frozenset[str]:
        alike = [
            r for r in setting.model.resources.values() if kind_of(setting, r) == kind and r.made_by is None
        ]
        return frozenset(m for r in alike for m in r.volatile)

    return setting.compute_once(("comparable", "volatile", kind), find)
