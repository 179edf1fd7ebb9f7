"""A caller's choices and identities, the progress that a run reports, and the forecast of a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pgagents.client.secret_command import CommandSecrets
from pgagents.http import Handler
from pgagents.model.contract import Contract
from pgagents.report.report import Finding
from pgagents.verify.wire.oauth import OAuthClient

Profile = Literal["smoke", "standard", "deep"]
SMOKE_REQUESTS = 60
REQUESTS_PER_ACTION = 25
MOST_PER_ACTION = 50
"""Requests for each action and surface of an API whose plan needs more than the usual number."""
DRAWN_PER_ACTION = 10
"""Requests for each action that random calls get on top, where a document is all that is known of the API."""
AGAIN_PER_ACTION = 20
USUAL_WORKERS = 8
"""The number of lanes where the caller names none and the server takes its time."""


@dataclass(frozen=True, slots=True)
class Options:
    """The caller's choices. Times in seconds; `only` and `skip` are contract ids or prefixes of them.

    `max_requests` None: 60 for smoke, no bound for deep. For standard it is 25 per action and wire surface,
    or up to 50 if the plan needs them. Each further identity or aid adds its own. `live`: the target is not
    this process, so answers may be slow and clocks may differ.
    """

    profile: Profile = "standard"
    max_requests: int | None = None
    max_time_s: float | None = None
    max_wait_s: float = 60.0
    seed: int = 0
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    allow_writes: bool = False
    allow: tuple[str, ...] = ()
    """Actions that may be called although the run cannot prove that they change only its own instances."""
    live: bool = True
    require: tuple[str, ...] = ()
    limits: bool = False
    """True if bursts may exceed the limits on purpose; they come on top of `max_requests`' default."""
    exclusive: bool = False
    """True if nobody else uses the target, so that its counters are this run's alone."""
    strict: bool = False
    """True if a contradiction of an inferred contract is reported as broken instead of odd."""
    shard: tuple[int, int] | None = None
    """Number (from 1) and count of the parts of the contracts that several machines verify at the same
    time.
    """
    workers: int | None = 1
    """The number of probes that may run at the same time; None: several where the server takes its time to
    answer.
    """
    keyless: bool = False
    """True if the run has no key and tries only calls that need none."""
    only_said: str = "--only"
    """The flag from which `only` comes, for the reason of the contracts that it leaves out."""
    tools_lead: bool = False
    """True if an action that is a tool is called through the MCP server where any endpoint will do."""


DISCOVERY = ("hosted_document/", "discovery_headers/", "advertised_links/", "server_card/", "oauth_metadata/")
"""Contracts about what anyone finds without a key: the hosted documents, what they and the host's pages link
to, and the OAuth server.
"""
DISCOVERY_FLAG = "--discovery"
"""The flag that selects them."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Keys by role: `main`, `second`, …. A role that is absent was not given."""

    keys: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """Further values that are sent and must not be reported: those of a gateway's headers."""
    oauth: OAuthClient | None = None
    """The OAuth client that the run may act as."""
    reach: Callable[[str], Handler] | None = None
    """The way to a token endpoint on another host."""
    commands: CommandSecrets | None = None
    """Commands that print keys, and are run again when those end."""
    strangers: Mapping[str, Handler] = field(default_factory=dict)
    """Ways to the target without its client certificate (`none`) and with one of another authority
    (`other`).
    """
    servers: Mapping[str, str] = field(default_factory=dict)
    """The base URLs of the API's other servers by name; one without an address gets no call."""

    @property
    def hidden(self) -> tuple[str, ...]:
        """Values that are sent beside keys and that no report may show."""
        return (*self.secrets, *(self.oauth.sensitive if self.oauth else ()))


GENERATING = "random calls are generated"
"""The phase in which a verification sends nothing, so that its pace says nothing about the time left."""
FINISHING = "finishing"
"""The phase in which a verification sends no further probes and undoes its own changes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run. `doing` is one short phrase; `waiting_s` is above zero while it waits for the
    server's limit. `found` has the findings since the step before, without any secret.
    """

    sent: int
    planned: int
    judged: int
    contracts: int
    broken: int
    seconds: float
    doing: str = ""
    waiting_s: float = 0.0
    found: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The forecast of a run: its requests, seconds and contracts.

    `requests` counts requests by bucket (empty string: no bucket), `by_stage` by the stage of their probes.
    `seconds` is the wall time at the catalogue's own pace. `selected` will be tried, `left_out` are not
    selected or not applicable, each with its reason. `digest` is the same for the same seed, catalogue and
    choices. `by_contract` counts the requests that are sent for a contract; one without any is judged by what
    others send. `by_check` counts each request once, for the check that asks for it. `shares` are the parts
    of a standard run's budget. Up to `apart` requests more undo what was made, or go to a busy server again.
    """

    requests: Mapping[str, int]
    by_stage: Mapping[str, int]
    total: int
    seconds: float
    selected: tuple[Contract, ...]
    left_out: tuple[tuple[Contract, str], ...]
    digest: str
    by_contract: Mapping[str, int] = field(default_factory=dict)
    by_check: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    apart: int = 0
