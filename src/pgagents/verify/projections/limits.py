"""The limits of vendors' hosts on answers, from schemas/requirements and the catalogue's `limits.budgets`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pgagents.model.model import Model
from pgagents.resources import folder
from pgagents.source.read import read
from pgagents.source.source import Pointer

What = Literal["seconds", "characters", "items"]
KINDS: tuple[What, ...] = ("seconds", "characters", "items")


@dataclass(frozen=True, slots=True)
class Limit:
    """The greatest number of seconds, characters or items that a surface allows.

    `told` names the source of the limit. `cite` is the id of the vendor's requirement, if it comes from one.
    """

    what: What
    most: float
    told: str
    cite: tuple[str, ...]
    origin: Pointer


def limits_of(model: Model, surface: str) -> dict[What, Limit]:
    """Return the tightest limit of each kind on a surface.

    Limits come from the catalogue (for the surface, or for all surfaces) and from the surface's vendor.
    """
    found: dict[What, Limit] = {}
    for limit in (*_own(model, "all"), *_own(model, surface), *_vendors(model, surface)):
        known = found.get(limit.what)
        if known is None or limit.most <= known.most:
            origin = known.origin if known else limit.origin
            found[limit.what] = Limit(limit.what, limit.most, limit.told, limit.cite, origin)
        elif limit.cite and not known.cite:
            found[limit.what] = Limit(known.what, known.most, known.told, limit.cite, known.origin)
    return found


def _own(model: Model, surface: str) -> Iterator[Limit]:
    given = model.limits.budgets.get(surface)
    for what in KINDS if given else ():
        most = getattr(given, what)
        if most is not None:
            yield Limit(what, most, "the catalogue's budget", (), ("limits", "budgets", surface, what))


def _vendors(model: Model, surface: str) -> Iterator[Limit]:
    for of, what, most, id, date in _rows():
        if of == surface:
            yield Limit(
                what, most, f"its host's own limit ({id}, read {date})", (id,), model.surfaces[surface].origin
            )


@cache
def _rows() -> tuple[tuple[str, What, float, str, str], ...]:
    """Return the requirements with a `budget`, as (surface, what is limited, maximum, id, day of reading)."""
    found = []
    for path in sorted((folder("schemas") / "requirements").glob("*.yaml")):
        for row in read(path).data or ():
            budget = row.get("budget") or {}
            found += [
                (budget["surface"], what, budget[what], row["id"], str(row["read"]))
                for what in KINDS
                if what in budget
            ]
    return tuple(found)
