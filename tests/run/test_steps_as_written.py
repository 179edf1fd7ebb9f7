"""A step goes out as its author wrote it, headers too, and a removal may need a tag."""

from __future__ import annotations

import json
from functools import cache

import pytest

from pgagents.base.errors import InputError
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from small_api import Notes, answer, verified, with_resource

READ = "http: GET /notes/{note_id}\n    effect: read\n"
CODE = "    NOT_FOUND: {status: 404, meaning: No such note}\n"
STALE = f"{CODE}    STALE: {{status: 412, meaning: It has changed}}\n"
ID = "note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}"
REMOVAL = f"destructive: true\n    input: {{{ID}}}"
TAGGED = REMOVAL[:-1] + (
    ", tag: {in: header, wire: If-Match, type: string, minLength: 2, required: REQUIRED}}\n    if_match: tag"
)
GONE = "output: {204: {}}\n    errors: [NOT_FOUND, REFUSED]"
FLOW = """
workflows:
  tags:
    title: Tags
    description: Reads a note by its tag, and removes it by another one.
    only_verify: true
    steps:
      first: {action: create_note, input: {text: "=fresh.text"}, keep: {id: =response.id}}
      shown:
        action: get_note
        input: {note_id: =first.id}
        headers: {X-Note: =first.id, X-Plain: as written}
        keep: {tag: =headers.etag}
      late:
        action: delete_note
        input: {note_id: =first.id, tag: '"another"'}
        status: 412
      last: {action: delete_note, input: {note_id: =first.id, tag: =shown.tag}}
"""


@cache
def of(required: str = "false", flow: str = FLOW, *changes: tuple[str, str]) -> Model:
    end = "    missing: NOT_FOUND\n"
    return with_resource(
        (CODE, STALE),
        (READ, f"{READ}    etag: true\n"),
        (REMOVAL, TAGGED.replace("REQUIRED", required)),
        (GONE, "output: {204: {}}\n    errors: [NOT_FOUND, REFUSED, STALE]"),
        (end, end + flow),
        *changes,
    )


def tagged(habit: str = "") -> Notes:
    """Return a server whose notes have tags; `habit` is what it does wrong."""

    def answer_with_tag(server: Notes, request: Request) -> Response | None:
        id = request.path.rpartition("/")[2]
        if id not in server.notes:
            return None
        tag, sent = json.dumps(server.notes[id]["text"]), request.header("If-Match")
        if request.method == "DELETE":
            if sent is None and habit == "needs":
                return answer(422, {"detail": "a tag"})
            if sent not in (tag, "*", None) and habit != "ignores":
                if habit == "removes":
                    del server.notes[id]
                return answer(412, {"detail": "changed"})
            if sent == tag and habit == "refuses":
                return answer(412, {"detail": "changed"})
        if request.method == "GET":
            if request.header("If-None-Match") in (tag, "*", f"W/{tag}", f'"pgv-no-such-version", {tag}'):
                return Response(304, (("ETag", tag),))
            return answer(200, server.notes[id], ETag=tag)
        return None

    return Notes(odd=answer_with_tag)


def run(model: Model, server: Notes, *only: str) -> dict[str, Verdict]:
    report: Report = verified(model, server, exclusive=True, only=only)
    return {result.contract.id: result.verdict for result in report.results}


def test_a_step_sends_its_tag_and_its_headers_as_written() -> None:
    server = tagged()
    verdicts = run(of(), server, "workflow_runs")
    assert {v for id, v in verdicts.items() if id.startswith("workflow_runs/tags/")} == {Verdict.KEPT}
    mine = [request for request in server.log if request.header("X-Plain") == "as written"]
    assert [r.header("X-Note") for r in mine] == [r.path.rpartition("/")[2] for r in mine] != []
    sent = [request.header("If-Match") for request in server.log if request.method == "DELETE"]
    assert '"another"' in sent


UNTAGGED = FLOW.replace("note_id: =first.id, tag: '\"another\"'", "note_id: =first.id, tag: null")
UNTAGGED = UNTAGGED.replace("status: 412", "status: 422").replace(
    "{note_id: =first.id}", "{note_id: =first.id, part: null}"
)


def test_null_leaves_a_tag_out_that_the_action_needs() -> None:
    """A null in the query goes out as nothing, too."""
    server = tagged("needs")
    before = "    etag: true\n    input: {"
    part = (before, f"{before}part: {{type: string, maxLength: 9, description: A part}}, ")
    verdicts = run(of("true", UNTAGGED, part), server, "workflow_runs")
    assert {v for id, v in verdicts.items() if id.startswith("workflow_runs/tags/")} == {Verdict.KEPT}
    assert None in {request.header("If-Match") for request in server.log if request.method == "DELETE"}
    assert not any("null" in request.target for request in server.log)


@pytest.mark.parametrize(("status", "instead"), [(428, "`tag: null` under"), (412, "sends another tag")])
def test_a_tag_that_is_left_out_cannot_be_refused(status: int, instead: str) -> None:
    flow = FLOW.replace(", tag: '\"another\"'", "").replace("status: 412", f"status: {status}")
    with pytest.raises(InputError) as refused:
        of("true", flow)
    assert instead in refused.value.diagnostics[0].help
    assert "`*` is sent" in refused.value.diagnostics[0].message


def test_a_value_that_no_header_can_have_is_not_sent() -> None:
    server = tagged()
    flow = FLOW.replace("X-Note: =first.id", r'''X-Note: "=first.id + '\\r\\nX-Other: 1'"''')
    verdicts = run(of(flow=flow), server, "workflow_runs")
    assert verdicts["workflow_runs/tags/shown@rest"] is Verdict.UNTESTED
    assert not any(request.header("X-Other") for request in server.log)


NOBODY = """
workflows:
  nobody:
    title: Nobody's note
    description: Removes a note that is not there, then its own.
    only_verify: true
    steps:
      first: {action: create_note, input: {text: "=fresh.text"}, keep: {id: =response.id}}
      absent: {action: delete_note, input: {note_id: ID}, status: 404}
      last: {action: delete_note, input: {note_id: =first.id}}
"""


def try_nobody(id: str, *there: str) -> tuple[Report, Notes]:
    end = "    missing: NOT_FOUND\n"
    server = Notes(notes={name: {"id": name, "text": "of somebody"} for name in there})
    model = with_resource((end, end + NOBODY.replace("ID", json.dumps(id))))
    return verified(model, server, exclusive=True, only=("workflow_runs",)), server


@pytest.mark.parametrize("id", ["nope", "00000000-0000-0000-0000-000000000000", "999999999", "=fresh.text"])
def test_a_write_to_an_id_that_a_read_does_not_find_is_refused_by_the_server(id: str) -> None:
    report, server = try_nobody(id)
    assert {r.verdict for r in report.results if r.contract.check == "workflow_runs"} == {Verdict.KEPT}
    sent = [r.method for r in server.log if id in (r.path.rpartition("/")[2], "=fresh.text")]
    assert sent == ["GET", "DELETE"] or id == "=fresh.text"


@pytest.mark.parametrize("id", ["nope", "12", "n12", "12abc", "1e3", "123e4567-e89b-42d3-a456-426614174000"])
def test_a_write_to_an_id_that_somebody_has_or_may_get_is_not_sent(id: str) -> None:
    report, server = try_nobody(id, *(["nope"] if id == "nope" else []))
    [reason] = [r.reason for r in report.results if "/absent@" in r.contract.id]
    assert "write `note_id: =fresh.text` for an id that nobody has" in reason
    assert not [r for r in server.log if r.method == "DELETE" and r.path.endswith(f"/{id}")]
    assert set(server.notes) == ({"nope"} if id == "nope" else set())


def test_an_unknown_name_in_a_header_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        of(flow=FLOW.replace("=first.id, X-Plain", "=second.id, X-Plain"))
    assert "second" in refused.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("habit", "required", "broken"),
    [
        ("", "false", set()),
        ("needs", "true", set()),
        ("ignores", "false", {"other"}),
        ("removes", "false", {"other"}),
        ("refuses", "false", {"present"}),
        ("", "true", {"missing"}),
    ],
)
def test_a_removal_is_held_to_its_tag(habit: str, required: str, broken: set[str]) -> None:
    verdicts = run(of(required), tagged(habit), "conditional_calls")
    found = {id.split("/")[1] for id, verdict in verdicts.items() if verdict is Verdict.BROKEN}
    assert found == broken
    kept = {id.split("/")[1] for id, verdict in verdicts.items() if verdict is Verdict.KEPT}
    assert kept >= {"other", "present"} or broken
