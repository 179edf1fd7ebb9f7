"""Wherever a run ends, by a signal, a crash of the server or its time, it undoes what it can and lists the
rest.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest

from lengths import rarely
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.sandbox import Sandbox
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.run.timing import MAX_SILENCES
from verifying import URL, ids, keys_of, model, sandbox

ANYWHERE = sorted(random.Random(4).sample(range(20, 560), 8))
SOMEWHERE = rarely(ANYWHERE, *ANYWHERE[1::4])


OPENED: list[Sandbox] = []
"""The sandbox of the last run."""


def alive(opened: Sandbox) -> set[str]:
    """Return the instances of the sandbox's projects that a run would undo."""
    store = opened.front.store
    found = {f"session {r['id']}" for r in store.rows("SELECT id FROM session WHERE status = 'active'")}
    now = (
        opened.front.clock.now()
    )  # one whose time is over is nobody's, also where the sandbox has not looked yet
    found |= {
        f"hold {r['id']}"
        for r in store.rows("SELECT id FROM hold WHERE status = 'active' AND expires_at > ?", now)
    }
    for role in ("unlimited", "second"):
        answer = opened.handler(
            Request("GET", "/api/v1/webhooks", (("Authorization", f"Bearer {opened.tokens[role]}"),))
        )
        assert isinstance(answer, Response)
        found |= {f"webhook {w['id']}" for w in json.loads(answer.body)["webhooks"]}
    return found


def used_up(opened: Sandbox) -> set[str]:
    """Holds that a session was made of: no call tells that, but the refusal to release one."""
    return {
        f"hold {r['id']}" for r in opened.front.store.rows("SELECT id FROM hold WHERE status = 'committed'")
    }


def ended(
    at: int, end: Callable[[int, Handler, Request], Response | Silence], **options: float
) -> tuple[Report, set[str], set[str]]:
    """A run that meets `end` from its `at`th request on; what lived before, and what lives after it."""
    opened, now = sandbox(model(), seed=at)
    OPENED[:] = [opened]
    before = alive(opened)
    count = [0]

    def handler(request: Request) -> Response | Silence:
        count[0] += 1
        return end(count[0], opened.handler, request) if count[0] >= at else opened.handler(request)

    report = verify(
        model(),
        handler,
        Identities(keys_of(opened)),
        Options(seed=at, live=False, **options),
        clock=opened.front.clock.now,
        sleep=lambda s: now.__setitem__(0, now[0] + s),
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        timer=lambda: count[0] / 4,
    )
    return report, before, alive(opened)


@pytest.mark.parametrize("at", SOMEWHERE)
def test_a_run_that_is_interrupted_anywhere_leaves_nothing(at):
    def interrupted(number: int, handler: Handler, request: Request) -> Response | Silence:
        if number == at:
            raise KeyboardInterrupt
        return handler(request)

    report, before, after = ended(at, interrupted)
    assert (after - before, report.footer.left_behind, report.footer.complete) == (set(), (), False)
    assert "interrupted" in report.footer.notes[0]


@pytest.mark.parametrize("at", SOMEWHERE)
def test_a_server_that_dies_anywhere_leaves_what_the_report_lists(at):
    report, before, after = ended(at, lambda *_: Silence("refused", "gone"))
    listed = [name.replace("day_session", "session") for name in report.footer.left_behind]
    assert sorted(set(listed) - used_up(OPENED[0])) == sorted(after - before)
    assert len(listed) == len(set(listed)), "each thing once"
    assert report.exit_code == 1
    (finding,) = [f for f in report.findings if f.contract.check == "no_crashes"]
    assert finding.severity == "error"
    assert "the last to be answered" in finding.actual
    assert "did not come back within 10 s" in report.footer.notes[0]


@pytest.mark.parametrize("at", SOMEWHERE)
def test_a_server_that_dies_and_comes_back_is_cleaned(at):
    """Gone for as many calls as end a run, it answers again when the run undoes."""
    report, before, after = ended(
        at, lambda n, handler, request: Silence("reset") if n < at + 4 else handler(request)
    )
    assert (after - before, report.footer.left_behind) == (set(), ())


@pytest.mark.parametrize("at", SOMEWHERE)
def test_time_that_is_over_anywhere_ends_the_run_cleanly(at):
    """The timer counts requests, four a second: undoing may take fifteen seconds."""
    report, before, after = ended(10**9, lambda *_: Silence("refused"), max_time_s=at / 4)
    assert (after - before, report.footer.left_behind, report.findings) == (set(), (), ())
    assert "--max-time" in report.footer.notes[0]
    assert report.footer.requests <= at + 25  # what undoing takes comes on top
    assert ids(report, Verdict.UNTESTED)


def test_a_server_that_is_gone_is_not_asked_to_undo_one_instance_after_the_other():
    """Each call would take the whole time-out, and there may be many things."""
    asked: list[Request] = []

    def gone(_number: int, _handler: Handler, request: Request) -> Silence:
        asked.append(request)
        return Silence("timeout", "no answer in time")

    report, _, _ = ended(ANYWHERE[-1], gone)
    assert len(report.footer.left_behind) > MAX_SILENCES
    assert len(asked) <= 2 * MAX_SILENCES
