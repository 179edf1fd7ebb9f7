"""The caller's choices and identities, the progress that a run reports, and the forecast of a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from pgagents.base.http import Handler
from pgagents.client.environment import CommandSecrets
from pgagents.report.contract import Contract, Rank
from pgagents.report.report import Finding, Withheld
from pgagents.verify.wire.oauth import OAuthClient

Profile = Literal["smoke", "standard", "deep"]
SMOKE_REQUESTS = 60
REQUESTS_PER_ACTION = 25
MOST_PER_ACTION = 50
"""The most requests for each action and surface of an API, if its plan needs more than the usual number."""
DRAWN_PER_ACTION = 10
"""Requests for random calls of each action, if the API is known from a document alone."""
AGAIN_PER_ACTION = 20
LANES = 8
"""The number of probes that run beside each other, unless they run one after another."""


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
    day: date | None = None
    """The day by which times are made up that nobody shows; None for the day of the run."""
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    allow_writes: bool = False
    read_only: bool = False
    """True if nothing is written, also with a key that says that all is test data."""
    allow: tuple[str, ...] = ()
    """Actions that may be called although the run cannot prove that they change only its own instances."""
    reads: tuple[str, ...] = ()
    """Names of an MCP server's tools that only read, if no catalogue describes them; `*` is any text."""
    acts: tuple[str, ...] = ()
    """Names of tools that do not only read, whatever their hints say."""
    live: bool = True
    limits: bool = False
    """True if bursts may exceed the limits on purpose; they come on top of `max_requests`' default."""
    exclusive: bool = False
    """True if nobody else uses the target, so that its counters show the effects of this run only."""
    counts_untried: bool = False
    """True if every contract without a verdict makes the exit code 3, also one that no run can promise."""
    shard: tuple[int, int] | None = None
    """The number of this shard, from 1, and the number of all shards.

    Shards divide the contracts among machines that verify at the same time.
    """
    workers: int | None = 1
    """The most requests that may be on their way at the same time; None: as many as there are lanes."""
    lanes_by_address: bool = False
    """True if the server's address alone decides in how many lanes probes run, as on the command line: in one
    if it is this machine's, else in `LANES`. In the library one worker has one lane, and more have `LANES`.
    """
    keyless: bool = False
    """True if the run has no key and tries only calls that need none."""
    only_said: str = "--only"
    """The flag that set `only`, which the reasons of left-out contracts name."""
    tools_lead: bool = False
    """True if actions that are tools are called through the MCP server, unless a contract needs another
    endpoint.
    """
    accepted: tuple[str, ...] = ()
    """Beginnings of contract ids whose findings are not told while the run goes on. The report has them."""

    def after(self, seconds: float) -> Options:
        """Return the options of what is left of a run, after so many seconds of it."""
        if self.max_time_s is None:
            return self
        return replace(self, max_time_s=max(0.0, self.max_time_s - seconds))


DISCOVERY = ("hosted_document/", "discovery_headers/", "advertised_links/", "oauth_metadata/")
"""Beginnings of contract ids about everything that can be found without a key.

These are the hosted documents, the links in them and in the host's pages, and the OAuth server.
"""
DISCOVERY_FLAG = "--discovery"
"""The flag that selects these contracts."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Keys by role: `main`, `second`, …. A role without a key is absent; an empty key is dropped."""

    keys: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """Further values, such as those of a gateway's headers, that are sent and that no report may show."""
    oauth: OAuthClient | None = None
    """The OAuth client that the run may act as."""
    reach: Callable[[str], Handler] | None = None
    """Returns a handler that sends to a token endpoint on another host."""
    commands: CommandSecrets | None = None
    """Commands that print keys, and are run again when a key expires."""
    certificate: bool = False
    """True if connections to the target present a client certificate."""
    servers: Mapping[str, str] = field(default_factory=dict)
    """The base URLs of the API's other servers, by name. A server without a base URL gets no call."""
    calls_keyless: bool = False
    """True if the run calls as `main` although there is no key of this name: no call needs it."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variables that the caller named for keys, by role: a report's requests use them."""

    def __post_init__(self) -> None:
        """Drop empty keys, so that the absence of a key is said in one way."""
        object.__setattr__(self, "keys", {role: key for role, key in self.keys.items() if key})

    @property
    def roles(self) -> frozenset[str]:
        """The roles as which the run may call: those with a key, and `main` where no call needs one."""
        return frozenset(self.keys) | ({"main"} if self.calls_keyless else frozenset())

    @property
    def hidden(self) -> tuple[str, ...]:
        """Values that are sent besides keys and that no report may show."""
        return (*self.secrets, *(self.oauth.sensitive if self.oauth else ()))


GENERATING = "random calls are generated"
"""The phase in which a verification sends nothing, so that its pace says nothing about the time left."""
FINISHING = "finishing"
"""The phase in which a verification sends no further probes and only undoes its changes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run. `doing` names its phase; `waiting_s` is above zero while it waits for a rate limit.

    `found` has the findings since the last report of progress, without any secret. `ranks` counts all
    findings so far.
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
    limits: tuple[str, ...] = ()
    """The names of the limits that calls wait for: all of the run, or only some while the others go on."""
    ranks: Mapping[Rank, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The forecast of a run: its requests, seconds and contracts.

    `requests` counts requests by bucket (empty text: no bucket), `by_stage` by the stage of their probes.
    `seconds` is the wall time at the catalogue's rate limits. `selected` will be tried. `left_out` are not
    selected or not applicable, each with its reason. `digest` is the same for the same seed, catalogue and
    choices. `by_contract` counts the requests that are sent for a contract; a contract without any is judged
    on the requests for others. `by_check` counts each request once, for the check whose probe sends it.
    `shares` are the parts of a standard run's budget. Up to `apart` further requests undo changes, or repeat
    a call to a busy server.
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
    withheld: Withheld = field(default_factory=Withheld)
    lasting: tuple[str, ...] = ()
    """The resources of which few instances are made, because no call removes them."""
    undrawn: str = ""
    """A sentence about what no random value could be drawn of."""
