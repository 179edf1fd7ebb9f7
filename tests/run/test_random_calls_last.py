"""Random calls take long to generate, so a run first sends all others, and only what it may send."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from importing import imported
from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_file, load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.formats import text
from pgagents.report.formats.json import document
from pgagents.report.read import read
from pgagents.report.report import Report
from pgagents.verify.cases import generated
from pgagents.verify.plan import plan as planning
from pgagents.verify.plan.options import Identities, Options, Progress
from pgagents.verify.run.run import plan, verify
from pgagents.verify.setting import setting_of
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
    plain = generated.random_inputs

    def draw(spec: Any, *words: Any, valid: bool, **turn: int) -> Any:
        [[method]] = [list(item) for item in spec["paths"].values()]
        course.steps.append(f"draw {method} {valid}")
        return plain(spec, *words, valid=valid, **turn)

    def handler(request: Request) -> Response:
        course.steps.append(f"{request.method} {request.target}")
        answer = server(request)
        assert isinstance(answer, Response)
        return answer

    def note(progress: Progress) -> None:
        if doing is not None:
            doing.append(progress.doing)

    monkeypatch.setattr(generated, "random_inputs", draw)
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

    def draw(spec: Any, *_: Any, valid: bool, **__: int) -> tuple[()]:
        drawn.extend(f"{method} {valid}" for item in spec["paths"].values() for method in item)
        return ()

    def list_drawn(*, writes: bool) -> set[str]:
        drawn.clear()
        library = load_file(SHOP.with_name("library.yaml"))  # a new one: what is drawn stays with a model
        plan(library, Options(allow_writes=writes), Identities({"main": "key"}), url=URL)
        return set(drawn)

    monkeypatch.setattr(generated, "random_inputs", draw)
    monkeypatch.setattr(planning, "_find_room", lambda *_: 100)
    every = {f"{method} {valid}" for method in ("get", "post") for valid in (True, False)}
    assert list_drawn(writes=True) == every
    assert list_drawn(writes=False) == {"get True", "get False"}


TWO_LISTS = """
openapi: 3.1.0
info: {title: Two lists, version: "1"}
paths:
  /cats:
    get:
      operationId: listCats
      summary: List all cats
      parameters: [{name: most, in: query, description: As many cats, schema: {type: integer, maximum: 90}}]
      responses: {"200": &list {description: OK, content: {application/json: {schema: {type: array}}}}}
  /dogs/{dog_id}/puppies:
    get:
      operationId: listPuppies
      parameters:
      - {name: dog_id, in: path, required: true, schema: {type: string}}
      - {name: most, in: query, schema: {type: integer, maximum: MOST}}
      responses: {"200": *list}
  /dogs/{dog_id}:
    get:
      operationId: getDog
      parameters: [{name: dog_id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: OK, content: {application/json: {schema: {type: object, required: [id],
        properties: {id: {type: string}}}}}}}
"""


@pytest.mark.parametrize(("most", "documents"), [("90", 1), ("80", 2)])
def test_operations_of_equal_arguments_are_drawn_from_one_document(
    monkeypatch: pytest.MonkeyPatch, most: str, documents: int
) -> None:
    """Values are cached by the document. Its path, its texts and the ids of instances make no difference."""
    seen: list[str] = []

    def draw(spec: Any, *_: Any, **__: bool) -> tuple[()]:
        seen.append(json.dumps(spec, sort_keys=True))
        return ()

    monkeypatch.setattr(generated, "random_inputs", draw)
    monkeypatch.setattr(planning, "_find_room", lambda *_: 100)
    lists = load_text(imported(TWO_LISTS.replace("MOST", most)).text)
    plan(lists, Options(live=False), Identities({"main": "key"}), url=URL)
    assert len(seen) == 2 * 2 * generated.ROUNDS
    assert len(set(seen)) == documents


def test_a_forecast_has_the_random_calls_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def forecast() -> int:
        return plan(notes(), Options(live=False), Identities({"main": KEY}), url=URL).total

    whole = forecast()
    monkeypatch.setattr(planning, "_draw_random_calls", lambda *_: iter(()))
    assert whole >= forecast() + 5


FORTY = 40
KINDS = ("list", "create", "get", "put")
"""A removal's own number is not explained by the document, so none is drawn for it."""


def many_resources() -> Model:
    """A document of forty resources with five operations each, in one order, and a number in each call."""
    number = {"type": "integer", "minimum": 0, "maximum": 90}
    given = [{"name": "stars", "in": "query", "schema": number}]
    thing = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "stars": number}}
    it = {"description": "It.", "content": {"application/json": {"schema": thing}}}
    all_of_it = {"content": {"application/json": {"schema": {"type": "array", "items": thing}}}}
    body = {"type": "object", "properties": {"stars": number}}
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
    paths: dict[str, Any] = {}
    for n in range(FORTY):
        id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
        paths[f"/things{n}"] = {
            "get": {
                "operationId": f"list{n}",
                "parameters": given,
                "responses": {"200": {"description": "All.", **all_of_it}},
            },
            "post": {"operationId": f"create{n}", **sent, "responses": {"201": it}},
        }
        paths[f"/things{n}/{{id}}"] = {
            "parameters": id,
            "get": {"operationId": f"get{n}", "parameters": given, "responses": {"200": it}},
            "put": {"operationId": f"put{n}", **sent, "responses": {"200": it}},
            "delete": {
                "operationId": f"delete{n}",
                "parameters": given,
                "responses": {"204": {"description": "Gone."}},
            },
        }
    whole = {"openapi": "3.1.0", "info": {"title": "Many", "version": "1"}, "paths": paths}
    return load_text(imported(json.dumps(whole)).text)


def test_each_kind_of_call_and_in_time_each_operation_gets_random_calls() -> None:
    model, chosen = many_resources(), Counter[str]()
    for seed in range(100):
        places, able = generated.list_drawn_places(setting_of(model, URL, seed=seed, drawn=1))
        assert (len(places), able) == (FORTY, FORTY * len(KINDS))
        assert {place.partition("@")[0].rstrip("0123456789") for place in places} == set(KINDS)
        chosen.update(places)
    assert len(chosen) == FORTY * len(KINDS)
    assert max(chosen.values()) < 40, "each has a chance of one in four"


def test_a_run_that_may_not_write_draws_for_as_many_reads() -> None:
    setting = setting_of(many_resources(), URL, drawn=1, drawn_writes=False)
    places, able = generated.list_drawn_places(setting)
    assert (len(places), able) == (FORTY, 2 * FORTY)
    assert all(place.startswith(("list", "get")) for place in places)


def test_the_report_says_for_how_many_operations_random_calls_were_drawn(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    report, _ = verified(monkeypatch, writes=True)
    drawn, able = report.footer.drawn
    assert 0 < drawn == able
    said = f"random calls were drawn for {drawn} of {able} operations with arguments to vary"
    assert said in text.render(report, notes().source, verbose=True)
    fewer = replace(report, footer=replace(report.footer, drawn=(1, 9)))
    assert "another --seed chooses others" in " ".join(text.render(fewer, notes().source).split())
    data = document(report, notes().source)
    assert data["footer"]["random_calls"] == {"operations": drawn, "of": able}
    slow = replace(report.footer, seconds_drawing=12.3)
    assert slow.pace[0] == f"{said}, in 12 s"
    file = tmp_path / "report.json"
    file.write_text(json.dumps(document(replace(report, footer=slow), notes().source)), encoding="utf-8")
    assert read(file)[0].footer.seconds_drawing == 12.3
    some = replace(report.footer, drawn=(40, 140), seconds_drawing=0.1).pace[0]
    assert some.endswith("40 of 140 operations with arguments to vary; another --seed chooses others")
    assert replace(report.footer, drawn=(0, 0)).pace == ()
