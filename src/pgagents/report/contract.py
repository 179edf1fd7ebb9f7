"""Contracts, the single promises that a verification tests, and their verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pgagents.base.places import Pointer
from pgagents.base.text import correct_articles

FRAMEWORK = "framework"
"""In a contract's id, this word stands for the action if no action of the catalogue gave the answer."""


class Rank(StrEnum):
    """The rank says how bad a finding is. The members are in order, the worst first."""

    EXPOSED = "exposed"
    """A key is not needed, another's data or a secret is shown, or a call does harm that nobody expects."""
    CRASH = "crash"
    """A 5xx, no answer, or the end of the server's process."""
    WRONG = "wrong"
    """The answer or the effect is wrong: a law, a state, a lost value, pages that skip."""
    UNDOCUMENTED = "undocumented"
    """The API's description has no such status, schema, header or media type."""
    LAX = "lax"
    """The server accepts what the API's description refuses."""
    DOCUMENTED = "documented"
    """A status 500 that the document lists: it promises a crash, and does not make it right."""
    COERCED = "coerced"
    """Only a framework's habit: it converts `"1"` to 1, or refuses a broken body with a status of its own."""
    ODD = "odd"
    """Only an inferred promise or a recommendation is contradicted, or no client sends such a call."""

    @property
    def place(self) -> int:
        """Return the place in the order: 0 for the worst."""
        return _ORDER[self]

    def is_at_least(self, other: Rank) -> bool:
        """Return whether this rank is as bad as the other one, or worse."""
        return self.place <= other.place


_ORDER = {rank: place for place, rank in enumerate(Rank)}


def find_worst(ranks: Iterable[Rank]) -> Rank:
    """Return the worst of one or more ranks."""
    return min(ranks, key=lambda rank: rank.place)


class Verdict(StrEnum):
    """The result of a contract in one run."""

    KEPT = "kept"
    BROKEN = "broken"
    ODD = "odd"
    """Contradicts a promise that was inferred or is only recommended. `--fail-on odd` alone counts it."""
    UNTESTED = "untested"
    """Selected, but not decided: the run is not green."""
    NOT_SELECTED = "not_selected"
    """Excluded by the caller: by an option, or because a key or flag is missing."""
    NOT_APPLICABLE = "not_applicable"
    """It cannot be shown on this server, at this address, or by this run."""


def check_of(id: str) -> str:
    """Return the name of the check at the beginning of a contract's or probe's id."""
    return id.partition("/")[0]


def place_of(id: str) -> str:
    """Return the last part of a contract's or probe's id: `<action>@<surface>` where an endpoint is meant."""
    return id.rpartition("/")[2]


def surface_of(id: str) -> str:
    """Return the surface at the end of a contract's or probe's id."""
    return id.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Contract:
    """One promise. `id` is stable from run to run.

    An id is `<check>/<detail>/<action>@<surface>`; the detail may have several parts, or be empty. If no
    action gives the answer, the id ends with `/framework@<surface>`. If the contract is about a whole
    surface, it ends with `@<surface>` after the detail. `origin` is a pointer into the
    catalogue, of which `Source.locate` makes the line. `cite` names the requirements behind it.
    """

    id: str
    check: str
    action: str
    surface: str
    says: str
    origin: Pointer
    cite: tuple[str, ...] = ()
    advice: bool = False
    """True for a recommendation. An answer that contradicts it is odd."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "says", correct_articles(self.says))

    @property
    def place(self) -> str:
        """The end of the id: `<action>@<surface>`, `framework@<surface>` or `@<surface>`."""
        name = self.action or (FRAMEWORK if self.id.endswith(f"/{FRAMEWORK}@{self.surface}") else "")
        return f"{name}@{self.surface}"

    @property
    def detail(self) -> str:
        """The parts of the id between the check and the place; empty if there are none."""
        return self.id.removeprefix(self.check).removesuffix(self.place).strip("/")

    @property
    def series(self) -> str:
        """The check with all parts of the detail except the last. The steps of one workflow share it."""
        return "/".join((self.check, *self.detail.split("/")[:-1]))
