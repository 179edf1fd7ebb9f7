"""What a caller chooses before a verification, and what it hears while one runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pgagents.contract import Contract

Profile = Literal["smoke", "standard", "deep"]
SMOKE_REQUESTS = 60
REQUESTS_PER_ACTION = 25


@dataclass(frozen=True, slots=True)
class Options:
    """The caller's choices. Times in seconds; `only` and `skip` are contract ids or prefixes of them.

    `max_requests` None: 60 for smoke, 25 per action and wire surface for standard, no bound for deep.
    `live`: the target is not this process, so answers may be slow and clocks may differ.
    """

    profile: Profile = "standard"
    max_requests: int | None = None
    max_time_s: float | None = None
    max_wait_s: float = 60.0
    seed: int = 0
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    allow_writes: bool = False
    live: bool = True
    version: str = ""
    require: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identities:
    """Keys by role: `main`, `second`, `starter`, `fleet`, …. A role that is absent was not given."""

    keys: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """What else is sent and must not be reported: the values of a gateway's headers."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `doing` is one short phrase; `waiting_s` is above zero while it waits for the server's limit."""

    sent: int
    planned: int
    judged: int
    contracts: int
    broken: int
    seconds: float
    doing: str = ""
    waiting_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would send.

    `requests` counts requests by bucket (empty string: no bucket), `by_phase` by phase; `seconds` is the wall time at
    the catalogue's own pace. `selected` will be tried, `left_out` are not selected or not claimed, each with its reason.
    `digest` is the same for the same seed, catalogue and choices.
    """

    requests: Mapping[str, int]
    by_phase: Mapping[str, int]
    total: int
    seconds: float
    selected: tuple[Contract, ...]
    left_out: tuple[tuple[Contract, str], ...]
    digest: str
