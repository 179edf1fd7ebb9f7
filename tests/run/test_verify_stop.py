"""A run that must end ends: a request in flight too, and what it undoes then is bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.cases import generated
from pgagents.verify.plan.options import FINISHING, Identities, Options, Progress
from pgagents.verify.run.clean_up import HURRIED_S
from pgagents.verify.run.run import verify
from pgagents.verify.run.timing import OUT_OF_TIME
from pgagents.verify.values.generators import OutOfTime, document, drawing_until, whole_inputs
from small_api import KEY, URL, Notes, with_resource
from test_random_calls_last import notes

USUAL_S = 30.0
WITH_TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


class Slow:
    """A server that answers at once, and from the `since`-th request on never; its client waits as long as
    it may.
    """

    def __init__(self, since: int, methods: tuple[str, ...] = ("GET", "POST", "PUT", "DELETE")) -> None:
        self.most_s: float | None = None
        self.now = 1_790_000_000.0
        self.since, self.methods, self.interrupt_at = since, methods, (0,)
        self.server, self.asked = Notes(), 0

    def __call__(self, request: Request) -> Response | Silence:
        self.asked += 1
        if self.asked in self.interrupt_at:
            raise KeyboardInterrupt
        if self.asked < self.since or request.method not in self.methods:
            return self.server(request)
        self.now += USUAL_S if self.most_s is None else min(USUAL_S, self.most_s)
        return Silence("timeout", "no answer in time")

    def run(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        model: Model | None = None,
        **options: Any,
    ) -> Report:
        def sleep(seconds: float) -> None:
            self.now += seconds

        return verify(
            model or with_resource(),
            self,
            Identities({"main": KEY}),
            Options(live=False, **options),
            clock=lambda: self.now,
            sleep=sleep,
            wall=lambda: "2026-04-18T16:00:00Z",
            url=URL,
            on_progress=on_progress,
        )


def test_an_interrupt_while_the_end_is_shown_leaves_nothing_behind():
    slow = Slow(10_000)

    def interrupt(now: Progress) -> None:
        if now.doing == FINISHING:
            raise KeyboardInterrupt

    report = slow.run(interrupt, allow=("create_note", "change_note", "delete_note"))
    assert report.footer.complete is False
    assert report.footer.left_behind == ()
    assert any(r.method == "POST" for r in slow.server.log)
    assert slow.server.notes == {}


def test_the_time_of_a_run_ends_a_request_in_flight_too():
    slow = Slow(12)
    began = slow.now
    report = slow.run(max_time_s=4)
    assert "the time that --max-time allows is over" in report.footer.notes
    assert [f.contract.id for f in report.findings] == []  # its silence says nothing about the server
    assert slow.now - began <= 4 + HURRIED_S + 1


def test_undoing_is_bounded_after_an_interrupt():
    slow = Slow(20, ("DELETE",))
    slow.interrupt_at = (20,)
    began = slow.now
    report = slow.run()
    assert report.footer.complete is False
    assert report.footer.left_behind
    assert slow.now - began <= HURRIED_S + 1


def test_a_second_interrupt_ends_it_and_says_what_is_left():
    slow = Slow(10_000)
    slow.interrupt_at = (20, 21)
    report = slow.run()
    assert slow.asked == 21
    assert [name.partition(" ")[2] in slow.server.notes for name in report.footer.left_behind] == [
        True
    ] * len(report.footer.left_behind)
    assert report.footer.left_behind


def test_values_are_drawn_only_while_time_is_left_and_what_was_drawn_then_is_not_kept() -> None:
    """A draw of many calls ends within itself, and the next run draws them all."""
    spec = document("/notes", "post", [], WITH_TEXT, {})
    names, left = {("body", "text"): "text"}, iter([False] * 5)
    with drawing_until(lambda: next(left, True)), pytest.raises(OutOfTime):
        whole_inputs(spec, names, 30, 77, valid=True)
    assert list(left) == []
    assert len(whole_inputs(spec, names, 30, 77, valid=True)) > 5


@pytest.mark.parametrize("profile", ["standard", "deep"])
def test_the_time_of_a_run_counts_while_values_are_drawn(
    profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, drawn = Slow(10_000), []
    generate = generated.random_inputs

    def draw(*given: Any, **named: Any) -> Any:
        drawn.append(given)
        slow.now += 100.0  # seconds
        return generate(*given, **named)

    monkeypatch.setattr(generated, "random_inputs", draw)
    report = slow.run(model=notes(), max_time_s=150, profile=profile, allow_writes=True)
    assert OUT_OF_TIME in report.footer.notes
    assert 1 <= len(drawn) <= 2 + (profile == "standard")
    assert slow.server.notes == {}
