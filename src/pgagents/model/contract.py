"""What a verification can promise: contracts, and the verdicts on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgagents.source.source import Pointer


class Verdict(StrEnum):
    """What became of a contract."""

    KEPT = "kept"
    BROKEN = "broken"
    UNTESTED = "untested"
    """Selected, and not reached: the run is not green."""
    NOT_SELECTED = "not_selected"
    """Left out by the caller."""
    NOT_APPLICABLE = "not_applicable"
    """Never promised here."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One promise. `id` is `<check>/<detail…>/<action>@<surface>`, stable from run to run.

    `origin` is the part of the catalogue that makes the promise, `cite` the requirement ids behind it.
    """

    id: str
    check: str
    action: str
    surface: str
    says: str
    origin: Pointer
    cite: tuple[str, ...] = ()
