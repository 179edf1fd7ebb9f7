"""A whole verification in one process: the sandbox's handler is called, nothing goes over a socket."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from pathlib import Path

from pgagents.catalogue.load import load_file
from pgagents.sandbox.sandbox import open_sandbox
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify


@dataclass(frozen=True, slots=True)
class Times:
    """The parts of a run's seconds; they are the processor's, for nothing waits."""

    exchanges: int
    generating_s: float
    sending_s: float
    judging_s: float


def verify_in_process() -> Times:
    """Verify the sandbox of Park Graph, the profile standard."""
    model = load_file(Path("catalogue/park_graph.yaml"))
    sandbox = open_sandbox(model, rng=random.Random(0))
    keys = {role: key for role, key in sandbox.tokens.items() if role in model.auth.roles}
    keys["main"] = sandbox.tokens["unlimited"]
    report = verify(
        model,
        sandbox.handler,
        Identities(keys),
        Options(),
        clock=time.time,
        sleep=time.sleep,
        wall=lambda: "2026-01-01T00:00:00Z",
        url="http://127.0.0.1",
        timer=time.process_time,
    )
    footer = report.footer
    return Times(footer.requests, footer.seconds_generating, footer.seconds_sending, footer.seconds_judging)
