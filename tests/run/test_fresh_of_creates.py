"""A new value of a unique member is made as the author's create makes it, where no plain text fits."""

from __future__ import annotations

import json
import re
from functools import cache

from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from small_api import Notes, answer, verified, with_resource

TEXT = "text: {type: string, minLength: 1, maxLength: 40, required: true}"
SHORT = 'text: {type: string, pattern: "^K[0-9]{3,30}$", required: true}'
CODE = "    NOT_FOUND: {status: 404, meaning: No such note}\n"
CODES = (
    f"{CODE}    STALE: {{status: 412, meaning: It has changed}}\n    TAKEN: {{status: 409, meaning: Taken}}\n"
)
MADE = "input: {text: hello}, at: response}\n    read_by"
FRESH = "'=\"K\" + string(fresh.int)'"
PUT = "      note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}\n"


@cache
def of() -> Model:
    tag = "      tag: {in: header, wire: If-Match, type: string, minLength: 2}\n"
    end = "    missing: NOT_FOUND\n"
    get = "http: GET /notes/{note_id}\n    effect: read\n"
    changed = f"{PUT}      {TEXT}\n    output: {{200: {{$ref: Note}}}}\n    errors: [NOT_FOUND, REFUSED]"
    rest = "    output: {200: {$ref: Note}}\n    errors: [NOT_FOUND, REFUSED, STALE, TAKEN]"
    tagged = f"{PUT}      {SHORT}\n{tag}    if_match: tag\n{rest}"
    created = f"input: {{{TEXT}}}\n    output: {{201: {{$ref: Note}}}}\n    errors: [REFUSED]"
    makes = f"input: {{{SHORT}}}\n    output: {{201: {{$ref: Note}}}}\n    errors: [REFUSED, TAKEN]"
    return with_resource(
        (CODE, CODES),
        (get, f"{get}    etag: true\n"),
        (changed, tagged),
        (created, makes),
        (MADE, MADE.replace("hello", FRESH)),
        (end, f"{end}    unique: [{{members: [text], otherwise: TAKEN}}]\n"),
    )


def hold(server: Notes, request: Request) -> Response | None:
    """Answer as a server whose texts are unique and short, and whose notes have tags."""
    id = request.path.rpartition("/")[2]
    if request.method in ("POST", "PUT"):
        text = Notes.text(request)
        if text is None or not re.fullmatch("K[0-9]{3,30}", text):
            return answer(422, {"detail": "a text"})
        if id in server.notes and request.header("If-Match") not in (
            None,
            "*",
            json.dumps(server.notes[id]["text"]),
        ):
            return answer(412, {"detail": "changed"})
        if text in [note["text"] for key, note in server.notes.items() if key != id]:
            return answer(409, {"detail": "taken"})
    if request.method == "GET" and id in server.notes:
        tag = json.dumps(server.notes[id]["text"])
        if request.header("If-None-Match") in (tag, "*", f"W/{tag}", f'"pgv-no-such-version", {tag}'):
            return Response(304, (("ETag", tag),))
        return answer(200, server.notes[id], ETag=tag)
    return None


def test_conditional_writes_of_a_unique_short_text_are_tried() -> None:
    report = verified(of(), Notes(odd=hold), exclusive=True, only=("conditional_calls",))
    verdicts = {r.contract.id: (r.verdict, r.reason) for r in report.results}
    tried = {
        id: said
        for id, said in verdicts.items()
        if id.startswith("conditional_calls/") and "/change_note" in id
    }
    assert len(tried) >= 4
    assert {verdict for verdict, _ in tried.values()} == {Verdict.KEPT}, tried


def test_a_text_that_is_too_short_is_sent_so_where_texts_are_marked() -> None:
    """A carsharing app, 2026-11-30: an address "of 2 characters" was a mark of 25 with these behind it."""
    known = with_resource(
        ("input: {text: hello}", "input: {text: =fresh.email}"),
        (f"input: {{{TEXT}}}", f"input: {{{TEXT.replace('minLength: 1', 'format: email, minLength: 3')}}}"),
    )
    server = Notes()
    verified(known, server, allow_writes=True, only=("invalid_input/minLength/text/create_note@rest",))
    sent = [read_json(r.body).value["text"] for r in server.log if r.method == "POST"]
    assert [text for text in sent if len(text) < 3]
