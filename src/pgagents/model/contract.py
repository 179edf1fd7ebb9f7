"""Contracts, the single promises that a verification tests, and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgagents.source.source import Pointer


class Verdict(StrEnum):
    """The result of a contract in one run."""

    KEPT = "kept"
    BROKEN = "broken"
    UNTESTED = "untested"
    """Selected, but not decided: the run is not green."""
    NOT_SELECTED = "not_selected"
    """Excluded by the caller."""
    NOT_APPLICABLE = "not_applicable"
    """Not promised by this catalogue."""


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
