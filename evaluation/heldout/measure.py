"""Measure which held-out faults verify finds: standard profile, one seed, with two keys and with all that the
sandbox has to give.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from evaluation.heldout.sets import fault
from pgagents.catalogue.model.model import Model
from pgagents.inprocess import PLAIN_URL, URL, Inside, inside, over_tls
from pgagents.report.contract import Verdict
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.serve import plain
from pgagents.verify.plan.options import Identities, Options, Progress
from pgagents.verify.run.run import verify
from sandboxes import model

How = Literal["two", "all", "limits"]
"""two: the keys `main` and `second`. all: every role, an OAuth client, a receiver of events, the plain-http
twin. limits: the same, with an ordinary key and bursts that exceed its limits."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The outcome of one fault: the contracts it broke, and the number of requests before the first was seen
    broken.
    """

    name: str
    how: How
    broken: tuple[str, ...]
    until: int | None
    requests: int
    seconds: float

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks that found it."""
        return tuple(sorted({id.partition("/")[0] for id in self.broken}))


def measure(name: str | None, how: How, *, seed: int = 0) -> Measured:
    """Verify a sandbox with that fault; None: the plain one."""
    of, opened = model("park_graph"), inside(model("park_graph"), seed=seed)
    handler = opened.sandbox.handler
    if name is not None:
        front = opened.sandbox.front
        handler = fault(name).wrap(
            handler, Context(of, front, random.Random(seed), opened.sandbox.courier, opened.sleep)
        )
    first: list[int] = []

    def hear(progress: Progress) -> None:
        if progress.broken and not first:
            first.append(progress.sent)

    begun = time.perf_counter()
    report = _verified(of, opened, over_tls(handler), how, seed, hear)
    broken = tuple(r.contract.id for r in report.results if r.verdict is Verdict.BROKEN)
    until = (first or [report.footer.requests])[0] if broken else None
    return Measured(name or "", how, broken, until, report.footer.requests, time.perf_counter() - begun)


def _verified(of: Model, opened: Inside, handler, how: How, seed: int, hear):  # type: ignore[no-untyped-def]  # as verify's
    tokens = opened.sandbox.tokens
    if how == "two":
        identities = Identities({"main": tokens["unlimited"], "second": tokens["second"]})
        more = {}
    else:
        keys = {**opened.keys, "main": tokens["test" if how == "limits" else "unlimited"]}
        identities = Identities(keys, oauth=opened.client)
        more = {"plain": plain(opened.sandbox.front), "plain_url": PLAIN_URL, "receiver": opened.inbox}
    return verify(
        of,
        handler,
        identities,
        Options(seed=seed, live=False, limits=how == "limits"),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        timer=opened.timer,
        on_progress=hear,
        **more,
    )


def measured(names: Sequence[str], how: How) -> Iterator[Measured]:
    """Each of them."""
    for name in names:
        yield measure(name, how)
