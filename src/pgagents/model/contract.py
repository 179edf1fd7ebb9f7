"""Contracts, the single promises that a verification tests, and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgagents.source.source import Pointer

FRAMEWORK = "framework"
"""Stands for the action in the ids of contracts about answers that no action gives."""


class Verdict(StrEnum):
    """The result of a contract in one run."""

    KEPT = "kept"
    BROKEN = "broken"
    ODD = "odd"
    """Not as something that was inferred, or is only recommended; fails only a strict run."""
    UNTESTED = "untested"
    """Selected, but not decided: the run is not green."""
    NOT_SELECTED = "not_selected"
    """Excluded by the caller."""
    NOT_APPLICABLE = "not_applicable"
    """Not promised by this catalogue."""


def check_of(id: str) -> str:
    """Return the name of the check at the beginning of a contract's or probe's id."""
    return id.partition("/")[0]


def surface_of(id: str) -> str:
    """Return the surface at the end of a contract's or probe's id."""
    return id.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Contract:
    """One promise. `id` is stable from run to run.

    An id is `<check>/<detail>/<action>@<surface>`; the detail may have several parts, or be empty. A contract
    about answers that no action gives ends with `/framework@<surface>`, and one about a whole surface with
    `@<surface>` behind its detail. `origin` is the part of the catalogue that makes the promise, `cite` the
    requirement ids behind it.
    """

    id: str
    check: str
    action: str
    surface: str
    says: str
    origin: Pointer
    cite: tuple[str, ...] = ()
    advice: bool = False
    """True for a recommendation. An answer that contradicts it is odd, and broken in a strict run."""

    @property
    def place(self) -> str:
        """The place that keeps the promise: `<action>@<surface>`, `framework@<surface>` or `@<surface>`."""
        name = self.action or (FRAMEWORK if self.id.endswith(f"/{FRAMEWORK}@{self.surface}") else "")
        return f"{name}@{self.surface}"

    @property
    def detail(self) -> str:
        """The parts of the id between the check and the place; empty where there are none."""
        return self.id.removeprefix(self.check).removesuffix(self.place).strip("/")

    @property
    def series(self) -> str:
        """The check and all parts of the detail but the last: the steps of one workflow share it."""
        return "/".join((self.check, *self.detail.split("/")[:-1]))
