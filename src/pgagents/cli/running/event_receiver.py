"""`--receiver`: receives the events of a server under test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.verify.wire.receiver import Inbox

AUTO, AUTO_HTTP = "auto", "auto-http"
"""A receiver on a free port of this machine, with TLS or without."""
REACH_S = 10.0


def make_plan_receiver(given: str | None) -> Inbox | None:
    """Return the receiver for a plan. It does not listen."""
    from pgagents.verify.wire.receiver import Inbox

    if given is None:
        return None
    here = {AUTO: "https://127.0.0.1/events", AUTO_HTTP: "http://127.0.0.1/events"}
    return Inbox(here.get(given) or _url(given))


@contextmanager
def receiving(given: str | None, port: int) -> Iterator[Inbox | None]:
    """Yield a listening receiver inside the block, or None. Raises PgagentsError for an invalid URL."""
    if given is None:
        yield None
        return
    from pgagents.verify.wire.receiver import listening

    here = given in (AUTO, AUTO_HTTP)
    with listening(plain=given == AUTO_HTTP) if here else listening(_url(given), port) as inbox:
        if not here:
            _reach(inbox, port)
        yield inbox


def _reach(inbox: Inbox, port: int) -> None:
    """Raise PgagentsError if a request to the receiver's URL does not arrive.

    Otherwise the server would seem to send no events.
    """
    from pgagents.errors import PgagentsError
    from pgagents.http import Request, Response
    from pgagents.verify.wire.send import Client

    inbox.open("reach")
    with Client(inbox.url, timeout_s=REACH_S) as client:
        answer = client(Request("POST", "/reach", (("Content-Type", "application/json"),), b"{}"))
    if not inbox.deliveries("reach"):
        said = (
            f"{answer.status}" if isinstance(answer, Response) else f"{answer.kind} {answer.detail}".strip()
        )
        raise PgagentsError(
            f"what is sent to {inbox.url} does not arrive here ({said})",
            f"have it passed on to http://127.0.0.1:{port}",
        )


def _url(given: str) -> str:
    from pgagents.client.environment import base_url
    from pgagents.errors import PgagentsError

    url = base_url(given, "--receiver")
    if not url.startswith("https://"):
        raise PgagentsError(
            f"--receiver {given} is no https URL",
            "give it as https://…, or `auto` or `auto-http` for a server on this machine",
        )
    return url
