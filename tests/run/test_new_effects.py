"""What a call may not change: the effect check that `make new` writes, with its TODOs filled in."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.report.report import Result
from pgagents.verify import check_registry
from small_api import Notes, answer, verified, with_resource

ROOT = Path(__file__).resolve().parents[2]
CHANGE = """    http: PUT /notes/{note_id}
    effect: write
    input:
"""
TAKES = (CHANGE, f"{CHANGE}      dry_run: {{type: boolean}}\n")


@pytest.fixture(autouse=True, params=[("change_note", '{"dry_run": True}')])
def added(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds the check of an action to all others."""
    action, given = request.param
    filled = {
        '!= "TODO"': f'!= "{action}"',
        '"TODO", {}': f'"a call that changes nothing", {given}',
        'f"{endpoint.action.name} TODO"': '"it changes nothing"',
    }
    text = runpy.run_path(str(ROOT / "docs/make_new.py"))["EFFECT"].format(second="unmoved")
    for todo, own in filled.items():
        assert text.count(todo) == 1, todo
        text = text.replace(todo, own)
    names: dict[str, Any] = {}
    exec(text, names)
    every = {**check_registry.collect(), "unmoved": names["CHECK"]}
    monkeypatch.setattr(check_registry, "collect", lambda: every)


def judge(server: Notes, *changes: tuple[str, str]) -> Result:
    report = verified(with_resource(TAKES, *changes), server, allow_writes=True, only=("unmoved/",))
    (result,) = (r for r in report.results if r.contract.check == "unmoved")
    return result


def is_preview(request: Request) -> bool:
    body = read_json(request.body).value if request.method == "PUT" else None
    return isinstance(body, dict) and body.get("dry_run") is True


def test_a_preview_that_changes_the_instance_is_found_in_three_trials() -> None:
    server = Notes()
    assert judge(server).verdict.value == "broken"
    assert sum(map(is_preview, server.log)) >= 3


def test_a_preview_that_only_shows_what_it_would_do_is_right() -> None:
    def show(notes: Notes, request: Request) -> Response | None:
        id = request.path.rpartition("/")[2]
        would = {"id": id, "text": notes.text(request)}
        return answer(200, would) if is_preview(request) and id in notes.notes else None

    assert judge(Notes(odd=show)).verdict.value == "kept"


def test_a_refused_call_shows_nothing_of_a_preview() -> None:
    server = Notes(odd=lambda _, request: answer(422, {"detail": "no"}) if is_preview(request) else None)
    result = judge(server)
    assert (result.verdict.value, "not accepted" in str(result.reason)) == ("untested", True)


@pytest.mark.parametrize("added", [("get_note", "{}")], indirect=True)
def test_a_read_that_counts_itself_is_found_by_the_list_alone() -> None:
    """Were its own answers looked at, the control would show the same."""

    def count(notes: Notes, request: Request) -> Response | None:
        note = notes.notes.get(request.path.rpartition("/")[2])
        if note is not None and request.method == "GET":
            note["views"] = note.get("views", 5) + 1
        return None

    assert judge(Notes(odd=count)).verdict.value == "broken"


@pytest.mark.parametrize("added", [("get_note", "{}")], indirect=True)
def test_a_read_that_changes_nothing_is_right() -> None:
    assert judge(Notes()).verdict.value == "kept"


@pytest.mark.parametrize(
    ("added", "verdict", "says"),
    [
        (("change_note", '{"dry_run": True}'), "not_selected", "--allow change_note.dry_run"),
        (("change_note", '{"text": "a", "dry_run": True}'), "untested", "sent without dry_run"),
    ],
    indirect=["added"],
)
def test_a_call_without_what_it_is_about_shows_nothing(verdict: str, says: str) -> None:
    """Where a document alone is known, a run does not send what may reach beyond its own."""
    result = judge(Notes(), ("errors:\n  envelope", "errors:\n  inferred: true\n  envelope"))
    assert (result.verdict.value, says in str(result.reason)) == (verdict, True)
