"""Two calls at once: a race is found, what may be done twice is none, and nothing is believed of which was
last.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest import concurrent_calls
from pgagents.verify.judgement import Untested
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, verify
from pgagents.verify.setting import setting_of
from small_api import NOTES, URL, with_resource
from test_own_probes import answer, exchange_of, find_trial
from verifying import PARK_GRAPH, ROOT, SHOP, model, run

CATALOGUES = ROOT / "tests" / "catalogues"
ONCE = "concurrent_calls/once/"
TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("path", "actions"),
    [
        (PARK_GRAPH, {"end_session", "refund_session"}),  # extend_session leads from active to active
        (SHOP, {"cancel_order"}),
        (CATALOGUES / "library.yaml", {"place_hold", "cancel_hold"}),
    ],
    ids=["park_graph", "shop", "library"],
)
def test_only_what_may_not_be_done_twice_is_called_twice(path: Path, actions: set[str]) -> None:
    assert {c.action for c in contracts(model(path)) if c.id.startswith(ONCE)} == actions


@pytest.mark.parametrize("faults", [(), ("repeats-both-done",)])
def test_a_race_is_found_by_two_requests_and_two_in_a_row(faults: tuple[str, ...]) -> None:
    report = run(model(SHOP), only=("concurrent_calls/once",), faults=faults, allow_writes=True)
    verdicts = {r.contract.id: r.verdict for r in report.results if r.contract.id.startswith(ONCE)}
    assert set(verdicts.values()) == {Verdict.BROKEN if faults else Verdict.KEPT}


@pytest.mark.matrix
@pytest.mark.parametrize("seed", [0, 2])
def test_of_two_changes_at_once_none_is_taken_for_the_last(seed: int) -> None:
    """Two new contents at once give two versions; a later change is compared with neither."""
    report = run(model(CATALOGUES / "documents.yaml"), seed=seed, only=("law", "concurrent_calls"))
    verdicts = {r.contract.id: r.verdict for r in report.results}
    assert verdicts[f"{ONCE}document/put_content@rest"] is Verdict.NOT_APPLICABLE, "both were done"
    assert report.findings == ()


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ((201, {"id": "a"}), (409, {}), Verdict.KEPT),
        ((201, {"id": "a"}), (201, {"id": "b"}), Verdict.BROKEN),
        ((201, {"id": "a"}), (201, {"id": "a"}), Verdict.KEPT),  # one thing for both
        ((201, {"id": "a"}), (503, {}), None),
        ((201, {"id": "a"}), (500, {}), None),
        ((202, {}), (202, {}), Verdict.UNTESTED),  # Azure decides later
    ],
)
def test_a_call_that_was_put_off_or_only_accepted_took_nothing(
    first: tuple[int, Any], second: tuple[int, Any], verdict: Verdict | None
) -> None:
    of = with_resource(
        ("    undone_by", "    unique: [{members: [text], otherwise: REFUSED}]\n    undone_by")
    )
    setting = setting_of(of, URL)
    trial = find_trial(concurrent_calls.CHECK, setting, "create_note@rest", "unique/note/text")
    call = trial.call("explore", "one of two at once")
    pair = [exchange_of(of, call, answer(*each)) for each in (first, second)]
    with pytest.raises(Untested) if verdict is None else nullcontext():
        judged = concurrent_calls._judge(trial, of.resources["note"], pair, "one note")
        assert judged.verdict is verdict


def _say(status: int, body: Any = None) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body or {"error": "no"}))


def test_a_race_is_odd_where_a_document_alone_lists_the_conflict() -> None:
    """It comes and goes with the load of a server, and nobody promised that there is none."""
    rows: dict[str, str] = {}
    made, raced = 0, False

    def jobs(request: Request) -> Response:
        nonlocal made, raced
        id, _, verb = request.target.removeprefix("/jobs").removeprefix("/").partition("/")
        if request.method == "POST" and not id:
            made += 1
            rows[id := f"job-{made}"] = "open"
        elif id not in rows:
            return _say(404)
        elif request.method == "DELETE":
            del rows[id]
            return Response(204, (), b"")
        elif verb:
            if rows[id] == "done" and raced:
                return _say(409)
            # the first two calls of one job come at once, and both find it open
            raced = raced or rows[id] == "done"
            rows[id] = "done"
        return _say(201 if request.method == "POST" and not verb else 200, {"id": id, "status": rows[id]})

    job = {"required": ["id"], "properties": {"id": TEXT, "status": TEXT}, "type": "object"}
    id = {"name": "job_id", "in": "path", "required": True, "schema": TEXT}
    refused = {status: {"description": "No"} for status in ("404", "409")}
    shown = {"content": {"application/json": {"schema": job}}}
    said = {
        status: {"responses": {status: {"description": "So", **shown}, **refused}}
        for status in ("200", "201")
    }
    gone = {"responses": {"204": {"description": "Gone"}, **refused}}
    paths = {
        "/jobs": {"post": said["201"]},
        "/jobs/{job_id}": {"parameters": [id], "get": said["200"], "delete": gone},
        "/jobs/{job_id}/finish": {"parameters": [id], "post": said["200"]},
    }
    report = verify(
        imported(openapi(paths)).model, jobs, Identities({}),
        Options(live=False, allow_writes=True, only=("concurrent_calls",)),
        clock=lambda: 0.0, sleep=lambda _: None, wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
    )  # fmt: skip
    verdicts = {r.contract.id: r.verdict for r in report.results if r.contract.id.startswith(ONCE)}
    assert set(verdicts.values()) == {Verdict.ODD}


CLOSE = """
  close_note:
    title: Close a note
    description: Closes a note.
    http: POST /notes/{note_id}/closed
    effect: write
    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true}}
    output: {200: {$ref: Note}}
    errors: [NOT_FOUND, CONFLICT]
"""


@pytest.mark.parametrize(
    ("unique", "actions"),
    [("", {"close_note", "change_note"}), ("[{members: [text], otherwise: CONFLICT}]", {"close_note"})],
)
def test_a_unique_value_replaces_only_what_sets_it(unique: str, actions: set[str]) -> None:
    """One error often stands for every conflict of an API."""
    of = with_resource(
        ("    UNAUTHORIZED: {", "    CONFLICT: {status: 409, meaning: Not now}\n    UNAUTHORIZED: {"),
        ("    errors: [REFUSED]\n", "    errors: [REFUSED, CONFLICT]\n"),
        (
            "    errors: [NOT_FOUND, REFUSED]\n  delete_note",
            "    errors: [NOT_FOUND, CONFLICT]\n  delete_note",
        ),
        ("    undone_by", f"    unique: {unique}\n    undone_by" if unique else "    undone_by"),
        text=NOTES.replace("\nsurfaces:", f"{CLOSE}surfaces:"),
    )
    assert {c.action for c in contracts(of) if c.id.startswith(ONCE)} == actions
