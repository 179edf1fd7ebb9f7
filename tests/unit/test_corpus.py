"""The program behind `make corpus` finds what it is there to find: lost operations, tracebacks, steps over
their bounds.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from evaluation.corpus import forms, measure

from importing import imported, openapi, operation
from pgagents.catalogue.load import load_text
from pgagents.generate import functions
from pgagents.generate.keywords import Losses

KEYED = {"type": "http", "scheme": "digest"}


def rows(path: Path, document: object, monkeypatch: pytest.MonkeyPatch) -> list[measure.Row]:
    monkeypatch.setattr(measure, "DIRECTORY", path)
    (path / "doc.json").write_text(json.dumps(document), encoding="utf-8")
    return list(measure.measured(path / "doc.json"))


@pytest.mark.matrix
def test_document_that_comes_through_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = {
        "/a/{id}": {"get": operation(), "head": operation()},
        "/b": {"post": operation(operationId="add")},
    }
    (row,) = rows(tmp_path, openapi(paths), monkeypatch)
    assert (row.operations, row.imported, row.left_out, row.outcome, row.problems) == (3, 2, 1, "builds", ())


@pytest.mark.matrix
def test_key_that_cannot_be_said_is_a_right_outcome_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = openapi(
        {"/a": {"get": operation()}}, security=[{"k": []}], components={"securitySchemes": {"k": KEYED}}
    )
    (row,) = rows(tmp_path, document, monkeypatch)
    assert row.outcome == "stops at the key: HTTP authentication by `digest` (`k`)"
    assert row.problems == ()


def test_document_that_is_none_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (row,) = rows(tmp_path, {"openapi": "3.1.0", "paths": {}}, monkeypatch)
    assert row.outcome.startswith("failed")
    assert "exit 2" in row.problems[0]


def test_operation_without_a_message_is_found() -> None:
    operations = [("GET", "/a/{id}"), ("POST", "/b"), ("HEAD", "/c")]
    left_out, counted = measure.left_out_of(
        "# TODO left out: HEAD /c: agents call GET\n  # TODO left out: 3 more that fit, as --max is 1: "
        "GET /x\n"
    )
    assert (left_out, counted) == ([("HEAD", "/c")], 4)
    assert (
        list(measure.lost(operations, [("GET", "/v1/a/{a_id}"), ("POST", "/v1/b")], left_out, 1, whole=True))
        == []
    )
    found = list(measure.lost(operations, [("GET", "/v1/a/{a_id}")], left_out, 1, whole=True))
    assert found == [
        "3 operations, but 1 actions and 1 left out",
        "POST /b is in neither the catalogue nor its messages",
    ]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (measure.Step("import", 0, "fine", 1, 100), ""),
        (measure.Step("import", 4, "Traceback (most recent call last)", 1, 100), "exit 4"),
        (measure.Step("import", 0, "Traceback (most recent call last)", 1, 100), "exit 0"),
        (measure.Step("import", 0, "", measure.MAX_SECONDS + 1, 100), "at most 20 s"),
        (measure.Step("import", 0, "", 1, measure.MAX_MEGABYTES + 1), "at most 400 MB"),
        (measure.Step("import", -9, "", 1, 100), "exit -9"),
    ],
)
def test_step_that_went_wrong_fails_the_run(step: measure.Step, said: str) -> None:
    assert said in "; ".join(step.problems((0,)))
    assert bool(list(step.problems((0,)))) == bool(said)


def test_build_of_a_catalogue_whose_key_cannot_be_said_must_stop_there() -> None:
    stop = measure.Step("build", 2, "error[catalogue/key-kind]: …", 1, 1)
    blocked = "# TODO blocked: the document asks for HTTP Basic (`b`), and a catalogue cannot say that yet"
    assert measure.built(blocked, stop, stop) == ("stops at the key: HTTP Basic (`b`)", [])
    assert measure.built(blocked, stop, measure.Step("build", 0, "generated", 1, 1))[1]
    assert measure.built("", stop, stop)[0] == "failed"


def test_list_that_is_none_is_told() -> None:
    items = {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}}
    order = {"type": "object", "properties": {"id": {"type": "string"}, "lines": items}}
    answer = {"200": {"description": "ok", "content": {"application/json": {"schema": order}}}}
    made = imported(openapi({"/book": {"get": operation(responses=answer)}}))
    assert [*forms.list_lost(made.model), *forms.list_false_lists(made.model)] == []
    text = made.text.replace(
        "Get a book. Returns `id` and `lines`.", "Get a book. Returns a list, with `sku`."
    )
    assert list(forms.list_false_lists(load_text(text))) == [
        "`get_book` answers one thing with `id`, and is said to return a list"
    ]


def test_argument_that_is_gone_unsaid_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    free = {"name": "free", "in": "query", "description": "Anything", "schema": {}}
    model = imported(openapi({"/book": {"get": operation(parameters=[free])}})).model
    assert list(forms.list_lost(model)) == []
    monkeypatch.setattr(functions, "_list_gone", lambda *_: ())
    monkeypatch.setattr(Losses, "add", lambda *_: None)
    assert "gemini/functions: `free` of `get_book` is gone, and no loss says so" in list(
        forms.list_lost(model)
    )
