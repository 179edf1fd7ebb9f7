"""An obstacle between a run and its server, the server, and a read that was tried there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pgagents.http import Handler, Request, Response, Silence
from pgagents.text.brief import brief
from pgagents.verify.wire.endpoint import Endpoint

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, BAD_REQUEST = 401, 403, 404, 400
BEHIND = (502, 504, *range(520, 528), 530)
"""Statuses of a gateway that cannot reach its server; those above 504 are Cloudflare's."""
PASSING = (429, 503)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A reason why nothing can be tried, with advice. If it is not fatal, the rest can be tried."""

    says: str
    help: str
    fatal: bool = True


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
