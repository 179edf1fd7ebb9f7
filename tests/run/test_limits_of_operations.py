"""A limit of one operation makes its calls wait, while the other operations go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

from importing import imported
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli.running.progress import describe_progress
from pgagents.report.report import Report
from pgagents.verify.plan.options import LANES, Identities, Options, Progress
from pgagents.verify.run.run import verify
from pgagents.verify.run.timing import MAX_REPEATS
from pgagents.verify.wire.pace import Holds, Limit

NAMES = ("apples", "pears", "plums", "figs", "dates")
WAIT_S, CALL_S = 30.0, 0.1
CALLS = 3


def orchard() -> Model:
    """A document of five lists. It says nothing of limits."""
    fruit = {"type": "array", "items": {"type": "string"}}
    answers = {
        "200": {"description": "All.", "content": {"application/json": {"schema": fruit}}},
        **{code: {"description": "No."} for code in ("400", "404", "405", "429")},
    }
    most = {"name": "most", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9}}
    paths = {
        f"/{name}": {"get": {"operationId": name, "parameters": [most], "responses": answers}}
        for name in NAMES
    }
    whole = {"openapi": "3.1.0", "info": {"title": "Orchard", "version": "1"}, "paths": paths}
    return load_text(imported(json.dumps(whole)).text)


class Orchard:
    """Serves the lists by a clock of its own. It serves three calls of limited ones in half a minute."""

    def __init__(self, limited: tuple[str, ...], retry_after: Callable[[float], str]) -> None:
        self.now, self.limited, self._retry_after = 0.0, limited, retry_after
        self.steps: list[tuple[str, int]] = []
        self._first, self._count = -WAIT_S, 0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self, request: Request) -> Response:
        self.now += CALL_S
        name = request.path.strip("/")
        answer = self._serve(request, name)
        self.steps.append((name, answer.status))
        return answer

    def _serve(self, request: Request, name: str) -> Response:
        if name in self.limited:
            if self.now >= self._first + WAIT_S:
                self._first, self._count = self.now, 0
            self._count += 1
            if self._count > CALLS:
                left = self._first + WAIT_S - self.now
                return Response(429, (("Retry-After", self._retry_after(left)),))
        if name not in NAMES:
            return Response(404)
        if request.method != "GET":
            return Response(405, (("Allow", "GET"),))
        most = request.target.partition("most=")[2]
        if "most=" in request.target and not (most.isascii() and most.isdigit() and 1 <= int(most) <= 9):
            return Response(400)
        return Response(200, (("Content-Type", "application/json"),), json_bytes([]))


def run(server: Orchard, told: list[Progress] | None = None, **options: Any) -> Report:
    """Verify the lists without a key."""
    return verify(
        orchard(),
        server,
        Identities(),
        Options(live=False, **options),
        clock=lambda: server.now,
        sleep=server.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="http://127.0.0.1:1",
        on_progress=None if told is None else told.append,
    )


def in_seconds(left: float) -> str:
    return str(int(left) + 1)


def verdicts(report: Report) -> dict[str, str]:
    return {r.contract.id: r.verdict.value for r in report.results}


@pytest.mark.parametrize("workers", [1, 4])
def test_other_operations_go_on_while_one_waits_for_its_limit(workers: int) -> None:
    free, limited = Orchard((), in_seconds), Orchard(("apples",), in_seconds)
    told: list[Progress] = []
    report = run(limited, told, workers=workers)
    assert report.footer.complete
    assert verdicts(report) == verdicts(run(free, workers=workers))
    between, most = None, 0
    for name, status in limited.steps:  # a stage may have calls of apples alone
        if name == "apples":
            between = set[str]() if status == 429 else None
        elif between is not None and name in NAMES:
            between.add(name)
            most = max(most, len(between))
    assert most > 2
    assert report.footer.waits["apples"] > 0
    assert any("calls waited" in line and line.endswith(": apples") for line in report.footer.pace)
    assert any("apples waits for its limit" in describe_progress(now) for now in told)


@pytest.mark.parametrize(("workers", "lanes"), [(1, 1), (4, LANES)])
def test_a_limit_of_all_calls_is_not_tried_with_each_operation(workers: int, lanes: int) -> None:
    server = Orchard(NAMES, in_seconds)
    report = run(server, workers=workers, max_requests=40)
    assert report.footer.waits["every operation"] > 0
    rows = [len(list(row)) for limited, row in groupby(s == 429 for _, s in server.steps) if limited]
    assert max(rows) <= 1 + lanes, "two operations, or those of the lanes, are refused, and no more"


def test_a_time_in_place_of_seconds_is_not_waited_for_and_named() -> None:
    server = Orchard(("apples",), lambda left: str(1_795_000_000 + int(left)))
    report = run(server)
    assert server.now < 60
    assert report.footer.complete
    notes = [note for note in report.footer.notes if note.startswith("apples@rest asked for a wait of ")]
    assert len(notes) == 1
    assert "1,795,000,0" in notes[0]
    assert "is it a time?" in notes[0]
    assert "--max-wait" in notes[0]


def test_no_wait_at_all_is_a_short_pause() -> None:
    server = Orchard(("apples",), lambda _: "0")
    report = run(server)
    assert report.footer.complete
    assert server.now < 200


def limit(operation: str, role: str = "main") -> Limit:
    return Limit(role, "rest", operation, operation)


def test_two_refusals_without_a_served_call_between_are_one_limit() -> None:
    holds = Holds(lambda: 100.0)
    holds.note_refused(limit("a"), 30.0)
    assert (holds.find_due(limit("a")), holds.find_due(limit("b"))) == (130.0, 0.0)
    holds.note_served(limit("b"))
    holds.note_refused(limit("c"), 10.0)
    assert (holds.find_due(limit("c")), holds.find_due(limit("b"))) == (110.0, 0.0)
    holds.note_refused(limit("b"), 20.0)
    assert holds.find_due(limit("d")) == 120.0
    assert holds.find_due(limit("d", "second")) == 0.0


def test_times_at_which_several_calls_wait_count_once() -> None:
    now = [100.0]
    holds = Holds(lambda: now[0])
    for due in (130.0, 120.0, 140.0):
        holds.count_wait(limit("a"), due)
    assert holds.waits == {"a": 40.0}
    assert holds.list_awaited() == ("a",)
    now[0] = 150.0
    assert holds.list_awaited() == ()


class Sold(Orchard):
    """Answers 503 whenever more than two apples are asked for."""

    def _serve(self, request: Request, name: str) -> Response:
        answer = super()._serve(request, name)
        most = request.target.partition("most=")[2]
        return Response(503) if name == "apples" and answer.status == 200 and most > "2" else answer


def test_a_refusal_by_503_of_an_operation_that_answers_is_awaited_once() -> None:
    server = Sold((), in_seconds)
    report = run(server)
    refused = [status for name, status in server.steps if name == "apples" and status == 503]
    assert len(refused) > MAX_REPEATS + 4
    assert report.footer.waits["apples"] < 63 + 2 * len(refused), "1, 2, 4 … 30 s, and then a second each"
    assert server.now < 63 + 3 * len(server.steps)


class Closed(Orchard):
    """Serves no apples, and looks at the arguments first: dockerd 20.10.24 does so outside a swarm."""

    def _serve(self, request: Request, name: str) -> Response:
        answer = super()._serve(request, name)
        return Response(503) if name == "apples" and answer.status == 200 else answer


def test_an_operation_that_refuses_arguments_and_else_answers_503_is_awaited_once() -> None:
    server = Closed((), in_seconds)
    report = run(server)
    answered = [status for name, status in server.steps if name == "apples"]
    assert {400, 503} <= set(answered)
    assert report.footer.waits["apples"] < 2, "a second of it is enough"
