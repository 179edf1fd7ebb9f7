"""Random calls take long to generate, so a run first sends all others, and only what it may send."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from importing import imported
from pgagents.catalogue.load import load_file, load_text
from pgagents.http import Request, Response
from pgagents.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.cases.generation import random_calls
from pgagents.verify.plan import plan as planning
from pgagents.verify.plan.options import Identities, Options, Progress
from pgagents.verify.run.run import plan, verify
from small_api import KEY, Notes
from test_verify_openapi import DOCUMENT
from verifying import SHOP, URL

SEARCHING = DOCUMENT.replace(
    "      summary: List all notes\n",
    "      summary: List all notes\n"
    "      parameters: [{name: most, in: query, schema: {type: integer, minimum: 1, maximum: 90}}]\n",
).replace("maxLength: 40}}}", "maxLength: 40}, stars: {type: integer, maximum: 9}}}")


def notes() -> Model:
    """A new model of a document, whose budget has room for random calls.

    Each model keeps what is drawn for it.
    """
    return load_text(imported(SEARCHING).text)


@dataclass
class Course:
    """The order of what a run did: a request, or `draw` and what it was for."""

    steps: list[str] = field(default_factory=list)

    def random(self) -> list[str]:
        return [step for step in self.steps if step.startswith("draw ")]


def verified(
    monkeypatch: pytest.MonkeyPatch, *, writes: bool, workers: int = 1, doing: list[str] | None = None
) -> tuple[Report, Course]:
    """Verify the right server. The draws of random calls stand between the requests."""
    course, server = Course(), Notes()
    plain = random_calls.random_inputs

    def draw(spec: Any, *words: Any, valid: bool) -> Any:
        [[method]] = [list(item) for item in spec["paths"].values()]
        course.steps.append(f"draw {method} {valid}")
        return plain(spec, *words, valid=valid)

    def handler(request: Request) -> Response:
        course.steps.append(f"{request.method} {request.target}")
        answer = server(request)
        assert isinstance(answer, Response)
        return answer

    def note(progress: Progress) -> None:
        if doing is not None:
            doing.append(progress.doing)

    monkeypatch.setattr(random_calls, "random_inputs", draw)
    report = verify(
        notes(),
        handler,
        Identities({"main": KEY}),
        Options(live=writes, allow_writes=writes, workers=workers),
        clock=time.time,
        sleep=lambda _: None,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        on_progress=note,
        timer=time.perf_counter,
    )
    return report, course


@pytest.mark.parametrize("workers", [1, 3])
def test_nothing_is_drawn_before_the_ordinary_calls_are_over(
    monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    doing: list[str] = []
    report, course = verified(monkeypatch, writes=True, workers=workers, doing=doing)
    assert report.footer.complete
    first, last = (course.steps.index(course.random()[n]) for n in (0, -1))
    assert first > 20
    assert last - first < len(course.random())
    assert len(course.steps) - last > 5, "random calls are sent after they were drawn"
    assert next(n for n, text in enumerate(doing) if text.startswith("random calls are generated")) < next(
        n for n, text in enumerate(doing) if "/random " in text
    )


def test_nothing_is_drawn_for_what_may_not_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def draw(spec: Any, *_: Any, valid: bool) -> tuple[()]:
        drawn.extend(f"{method} {valid}" for item in spec["paths"].values() for method in item)
        return ()

    def list_drawn(*, writes: bool) -> set[str]:
        drawn.clear()
        library = load_file(SHOP.with_name("library.yaml"))  # a new one: what is drawn stays with a model
        plan(library, Options(allow_writes=writes), Identities({"main": "key"}), url=URL)
        return set(drawn)

    monkeypatch.setattr(random_calls, "random_inputs", draw)
    monkeypatch.setattr(planning, "_find_room", lambda *_: 100)
    every = {f"{method} {valid}" for method in ("get", "post") for valid in (True, False)}
    assert list_drawn(writes=True) == every
    assert list_drawn(writes=False) == {"get True", "get False"}


def test_a_forecast_has_the_random_calls_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def forecast() -> int:
        return plan(notes(), Options(live=False), Identities({"main": KEY}), url=URL).total

    whole = forecast()
    monkeypatch.setattr(planning, "_draw_random_calls", lambda *_: iter(()))
    assert whole >= forecast() + 5
