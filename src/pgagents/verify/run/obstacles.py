"""Obstacles between a run and its server: what they are, and whether the server accepts the key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.base.text import brief
from pgagents.catalogue.model.identity import choose, has_proof
from pgagents.catalogue.model.model import Model
from pgagents.verify.run.transmission import Ready
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import MCP, Endpoint
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, BAD_REQUEST = 401, 403, 404, 400
PASSING = (429, 503)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reason why nothing can be tried, with advice. If it is not fatal, the rest can be tried."""

    says: str
    help: str
    fatal: bool = True
    wrong_key: bool = False
    """True if the server refuses the key that the caller gave."""


@dataclass(frozen=True, slots=True)
class Described:
    """An OpenAPI document as a preflight uses it: keys as `--auth` takes them, and base paths.

    The first base path is the one that all paths of the run begin with; it may be empty. `server` is the
    first server's host as a URL, empty if it names none.
    """

    schemes: Sequence[str] = ()
    bases: Sequence[str] = ("",)
    server: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The server under test: its base URL, a function that sends to it, and one that sends to another base
    URL.

    `masked` removes secrets from the server's texts, before they are cut to a message's length.
    """

    url: str
    send: Handler
    other: Callable[[str], Handler]
    masked: Callable[[str], str] = str
    document: Described | None = None
    """The OpenAPI document that stands in place of a catalogue; None for a catalogue."""
    has_key: bool = False
    """True if the caller gave a key, whether or not calls have one."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An ordinary read and its answer."""

    endpoint: Endpoint
    request: Request
    answer: Response | Silence

    @property
    def describe(self) -> str:
        """Return the request in a few words."""
        return f"{self.request.method} {brief(self.request.path)}"

    @property
    def status(self) -> int:
        """The status; 0 where no answer came."""
        return self.answer.status if isinstance(self.answer, Response) else 0


# -- acceptance of a key
#
# An open action answers whatever the key is, so its answer shows nothing. Where other actions answer 401,
# the reads that were answered otherwise are sent once more without a key.


MOST_REFUSED = 3
"""The number of refused calls, without an accepted one, after which the run ends.

As many actions must answer 401 before they can outweigh the others.
"""
ENOUGH = 10
"""The number of actions that tell a key with few rights from a wrong one; fewer if there are fewer reads."""


class Acceptance:
    """The evidence of one run. `endpoints` are those that it may call, `keys` the secrets that it has.

    An action is counted once for each surface.
    """

    def __init__(self, model: Model, endpoints: Sequence[Endpoint], keys: Mapping[str, str]) -> None:
        self._model = model
        self._enough = min(ENOUGH, sum(1 for endpoint in endpoints if endpoint.on_rest and _shows(endpoint)))
        self._demanding = {e.place for e in endpoints if e.surface != MCP and _demands_key(e)}
        self._presents = any(e.needs_key and choose(model, keys, "main", e.security) for e in endpoints)
        """True if a call of the run carries a key that the server could refuse."""
        self.known = not self._presents
        """True once a call with the key was answered otherwise than one with a wrong key, or if there is no
        such call.
        """
        self.refused = False
        """True once the run ends because the server refuses the key."""
        self._proven = False
        """True once an action took the key and refused a call without one, or once a write succeeded."""
        self._turned_away = 0
        self._refusing: set[str] = set()
        self._answering: dict[str, Exchange] = {}
        self._closed: set[str] = set()
        self._open: set[str] = set()
        self._asked: set[str] = set()

    @property
    def is_settled(self) -> bool:
        """True once the run cannot end any more because the server refuses the key.

        Then the key has made a difference, or too few actions are left that could refuse it.
        """
        if not self._presents:
            return True
        left = len(self._demanding - self._answering.keys())
        return self.known and (self._proven or left < MOST_REFUSED or left <= len(self._answering))

    def note(self, exchange: Exchange) -> str:
        """Take account of an exchange; return why the run ends, or an empty text."""
        if exchange.limited or exchange.status == UNAVAILABLE or not isinstance(exchange.answer, Response):
            return ""
        if not has_proof(self._model, exchange.request):
            self._note_keyless(exchange)
            return ""
        call = exchange.call
        if call.role != "main" or call.twist or call.plain or call.surface == MCP:
            return ""
        self._note_place(exchange)
        return self._note_first(exchange)

    def _note_first(self, exchange: Exchange) -> str:
        """Count the calls that are refused before any is accepted."""
        if self.known:
            return ""
        code = self._model.wrong_key
        if code is None or not exchange.refused or exchange.status != code.status:
            self.known = True
            return ""
        self._turned_away += 1
        if self._turned_away < MOST_REFUSED:
            return ""
        self.refused = True
        return (
            f"the server refused the key: {exchange.outcome} to the first {self._turned_away} calls with it"
        )

    def _note_place(self, exchange: Exchange) -> None:
        """Note how an action that needs a key answered a call with it."""
        endpoint = exchange.call.endpoint
        if self._proven or endpoint is None or not _demands_key(endpoint):
            return
        if exchange.status == UNAUTHORIZED:
            if endpoint.place not in self._answering:
                self._refusing.add(endpoint.place)
        elif _shows(endpoint):
            self._refusing.discard(endpoint.place)
            self._answering.setdefault(endpoint.place, exchange)
            self._proven = endpoint.place in self._closed
        else:
            self._proven = exchange.success  # it is not sent again to see what it does without a key

    def _note_keyless(self, exchange: Exchange) -> None:
        """Note an action that refuses a call without a key, or serves it."""
        call = exchange.call
        if call.endpoint is None or call.plain:
            return
        if exchange.status == UNAUTHORIZED:
            self._close(call.endpoint.place)
        elif exchange.success:
            self._open.add(call.endpoint.place)

    def _close(self, place: str) -> None:
        self._closed.add(place)
        self._proven = self._proven or place in self._answering

    def take_doubtful(self) -> list[Ready]:
        """Return the calls to send once more without a key: answered reads, if more actions answered 401.

        The list is empty if there is no doubt. Each action is chosen at most once.
        """
        if not self._outweighs():
            return []
        asked = [place for place in self._answering if place not in self._open and place not in self._asked]
        self._asked.update(asked)
        return [
            Ready(_without_key(one.call), one.input, one.subject)
            for one in map(self._answering.__getitem__, asked)
        ]

    def compare(self, exchange: Exchange) -> None:
        """Compare the answer to a call of `take_doubtful` with that to the same call with the key."""
        place = exchange.place
        if exchange.status == self._answering[place].status:
            self._open.add(place)
        elif isinstance(exchange.answer, Response):
            self._close(place)

    def conclude(self) -> str:
        """Return why the run ends if no action showed that the key makes a difference; else an empty text."""
        if not self._outweighs() or not self._answering.keys() <= self._open:
            return ""
        self.refused = True
        answering = len(self._answering)
        verb = "answers" if answering == 1 else "answer"
        others = f"; the other {answering} {verb} alike without a key" if answering else ""
        return f"the server refused the key: {self._count()}{others}"

    def describe(self) -> str:
        """Return a note for the report if actions refuse the key and no other is known to need it; else an
        empty text.
        """
        if self.refused or self._proven or len(self._refusing) < MOST_REFUSED:
            return ""
        return f"{self._count()}, and no other is known to need it: is it a key of this server?"

    def _outweighs(self) -> bool:
        """True if more actions refuse the key than answer a call with it, and it has made no difference."""
        refusing, answering = len(self._refusing), len(self._answering)
        enough = refusing + answering >= self._enough
        heavier = refusing >= MOST_REFUSED and refusing > answering and enough
        return heavier and not (self._proven or self.refused)

    def _count(self) -> str:
        tried = len(self._refusing) + len(self._answering)
        return f"{len(self._refusing)} of {tried} actions answered {UNAUTHORIZED} with this key"


def _demands_key(endpoint: Endpoint) -> bool:
    """True if no call through an endpoint is served without a key, as the catalogue says."""
    return endpoint.needs_key and () not in endpoint.security


def _shows(endpoint: Endpoint) -> bool:
    """True if a second call without the key can show whether the key makes a difference."""
    return _demands_key(endpoint) and endpoint.action.only_reads


def _without_key(call: Call) -> Call:
    return replace(call, twist="none", twisted="", intent="auth", reuse="", why="the same call without a key")
