"""The order in which the self-test tries faults and variations, so that each part of it is a fair share.

A whole self-test takes hours. One that is cut short has tried as many faults of one check as of another, and
faults and variations in the proportion of all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["fault", "variation"]


@dataclass(frozen=True, slots=True)
class Step:
    """One fault or variation to be tried."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def list_steps(faults: Iterable[str], variations: Iterable[str]) -> list[Step]:
    """Return the steps of faults and variations in the given order, the faults first."""
    return [*(Step("fault", name) for name in faults), *(Step("variation", name) for name in variations)]


def arrange(breaks: Mapping[str, Collection[str]], variations: Sequence[str], seed: int) -> list[Step]:
    """Return every fault and variation once, in an order that only `seed` varies.

    `breaks` maps each fault to the checks that must find it. The next fault is one of the check with the
    fewest faults before it. Variations stand between the faults at equal distances.
    """
    rng = random.Random(seed)
    faults, others = _alternate(breaks, rng), rng.sample(list(variations), len(variations))
    placed = [
        ((number + 0.5) / len(names), step)
        for names, steps in (
            (faults, list_steps(faults, ())),
            (others, list_steps((), others)),
        )
        for number, step in enumerate(steps)
    ]
    return [step for _, step in sorted(placed, key=lambda one: one[0])]


def _alternate(breaks: Mapping[str, Collection[str]], rng: random.Random) -> list[str]:
    """Return the faults so that the checks take turns. A fault that no check must find comes last."""
    left = rng.sample(list(breaks), len(breaks))
    before: Counter[str] = Counter()
    found = []
    while left:
        name = min(left, key=lambda one: min((before[check] for check in breaks[one]), default=len(breaks)))
        left.remove(name)
        before.update(breaks[name])
        found.append(name)
    return found
