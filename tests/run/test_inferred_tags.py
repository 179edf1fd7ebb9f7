"""If-Match with 412 is a promise also where a document says the tag without 304: an old tag is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any

import pytest

from importing import answering, imported, openapi, taking
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

URL = "http://127.0.0.1:1"
TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
CHOICE = {"type": "string", "enum": ["draft", "sent"]}
NEW = {"type": "object", "required": ["title"], "properties": {"title": TEXT}}
NOTE = {"type": "object", "required": ["id", "title"], "properties": {"id": TEXT, "title": TEXT}}
TAGGED = {"headers": {"ETag": {"schema": {"type": "string"}}}}
MISSING = {"404": {"description": "Not there"}, "422": {"description": "Refused"}}


def document(*, tagged: bool = True, stale: str = "412") -> dict[str, Any]:
    """Return a document in which a PUT takes If-Match."""
    shown = answering(NOTE)["200"] | (TAGGED if tagged else {})
    match = {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
    return openapi(
        {
            "/notes": {
                "post": {
                    "operationId": "create_note",
                    "requestBody": taking(NEW),
                    "responses": {"201": shown, **MISSING},
                }
            },
            "/notes/{note_id}": {
                "parameters": [{"name": "note_id", "in": "path", "required": True, "schema": TEXT}],
                "get": {"operationId": "get_note", "responses": {"200": shown, **MISSING}},
                "delete": {
                    "operationId": "delete_note",
                    "responses": {"204": {"description": "Done"}, **MISSING},
                },
                "put": {
                    "operationId": "replace_note",
                    "parameters": [match],
                    "requestBody": taking(NEW),
                    "responses": {"200": shown, stale: {"description": "It has changed"}, **MISSING},
                },
            },
        }
    )


@cache
def model() -> Model:
    return imported(document()).model


class Notes:
    """Keeps notes. `habit`: ignores If-Match, refuses each tag, or (`needs`) a PUT without one, or takes `*`
    for a tag that nothing has (`texts`).
    """

    def __init__(self, habit: str) -> None:
        self.habit, self.notes, self.versions = habit, dict[str, Any](), count(1)

    def __call__(self, request: Request) -> Response:
        id = request.path.removeprefix("/notes").strip("/")
        body: Any = None
        if request.method in ("POST", "PUT"):
            try:
                body = json.loads(request.body)
            except ValueError:
                return self._answer(422)
            title = body.get("title") if isinstance(body, dict) else None
            if not isinstance(title, str) or not 1 <= len(title) <= 40:
                return self._answer(422)
        if request.path == "/notes" and request.method == "POST":
            id = f"n{next(self.versions)}"
            return self._store(id, body["title"], 201)
        if id not in self.notes:
            return self._answer(404)
        if request.method == "DELETE":
            del self.notes[id]
            return self._answer(204)
        note, tag = self.notes[id]
        if request.method == "GET":
            return self._answer(200, note, tag)
        asked = request.header("if-match")
        if self.habit in ("needs", "refuses", "texts") and not asked:
            return self._answer(428 if self.habit == "needs" else 422)
        fits = asked in (None, "*", tag) if self.habit == "right" else self.habit == "ignores" or not asked
        fits = fits or (self.habit == "texts" and asked == tag)
        return self._store(id, body["title"], 200) if fits else self._answer(412)

    def _store(self, id: str, title: str, status: int) -> Response:
        self.notes[id] = ({"id": id, "title": title}, f'"v{next(self.versions)}"')
        return self._answer(status, *self.notes[id])

    def _answer(self, status: int, body: Any = None, tag: str = "") -> Response:
        headers = [("Content-Type", "application/json")] if body is not None else []
        headers += [("ETag", tag)] if tag else []
        return Response(status, tuple(headers), json_bytes(body) if body is not None else b"")


def verdicts_of(model: Model, server: Notes) -> dict[str, Verdict]:
    now = [1_776_000_000.0]
    report = verify(
        model, server, Identities({}, calls_keyless=True),
        Options(live=False, allow_writes=True, only=("conditional_calls",)), clock=lambda: now[0],
        sleep=lambda seconds: now.append(now.pop() + seconds), wall=lambda: "2026-04-12T13:20:00Z", url=URL,
        timer=lambda: now[0],
    )  # fmt: skip
    return {r.contract.id.removeprefix("conditional_calls/"): r.verdict for r in report.results}


def list_odd(habit: str) -> tuple[list[str], list[Verdict]]:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    report = verify(
        model(), Notes(habit), Identities({}),
        Options(live=False, allow_writes=True, only=("conditional_calls",)), clock=lambda: now[0],
        sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip
    results = [r for r in report.results if r.contract.check == "conditional_calls"]
    odd = [r.contract.id.removeprefix("conditional_calls/") for r in results if r.verdict is Verdict.ODD]
    return odd, [r.verdict for r in results]


def test_right_server_keeps_what_is_inferred() -> None:
    odd, verdicts = list_odd("right")
    assert odd == []
    assert Verdict.KEPT in verdicts
    assert Verdict.BROKEN not in verdicts


@pytest.mark.parametrize("habit", ["right", "ignores"])
def test_the_first_write_changes_what_the_instance_has_already(habit: str) -> None:
    """A note that another probe had written before, and lent, had the least title already: untested."""
    given = json.loads(json.dumps(document()).replace(json.dumps(TEXT), json.dumps(CHOICE)))
    given["paths"]["/notes/{note_id}"]["parameters"][0]["schema"] = TEXT
    found = verdicts_of(imported(given).model, Notes(habit))
    assert found["present/replace_note@rest"] is Verdict.KEPT
    assert found["stale/replace_note@rest"] is (Verdict.KEPT if habit == "right" else Verdict.ODD)


@pytest.mark.parametrize(("habit", "contract"), [("ignores", "stale"), ("never", "present")])
def test_tag_that_is_not_looked_at_or_never_fits_is_odd(habit: str, contract: str) -> None:
    odd, verdicts = list_odd(habit)
    assert f"{contract}/replace_note@rest" in odd
    assert Verdict.BROKEN not in verdicts


@pytest.mark.parametrize(("tagged", "stale"), [(False, "412"), (True, "409")])
def test_without_a_tag_or_its_refusal_nothing_is_inferred(tagged: bool, stale: str) -> None:
    made = imported(document(tagged=tagged, stale=stale))
    assert "if_match" not in made.data["actions"]["replace_note"]


def test_no_304_is_promised_that_the_document_does_not_have() -> None:
    made = imported(document())
    assert made.data["actions"]["replace_note"]["if_match"] == "if_match"
    assert "etag" not in made.data["actions"]["get_note"]


def test_a_server_that_compares_tags_as_texts_gets_the_present_one() -> None:
    given = document()
    given["paths"]["/notes/{note_id}"]["put"]["parameters"][0]["required"] = True
    now = [1_776_000_000.0]
    report = verify(
        imported(given).model, Notes("texts"), Identities({}, calls_keyless=True),
        Options(live=False, allow_writes=True, only=("valid_calls",)), clock=lambda: now[0],
        sleep=lambda seconds: now.append(now.pop() + seconds), wall=lambda: "2026-04-12T13:20:00Z", url=URL,
        timer=lambda: now[0],
    )  # fmt: skip
    found = {r.contract.id: r.verdict for r in report.results}
    assert found["valid_calls/ordinary/replace_note@rest"] is Verdict.KEPT


@pytest.mark.parametrize(("habit", "refused"), [("needs", False), ("refuses", True)])
def test_write_that_the_document_refuses_without_a_condition_is_untested(habit: str, refused: bool) -> None:
    """In the second case a PUT is refused for another reason that its document names."""
    given = document(tagged=False, stale="428")
    del given["paths"]["/notes/{note_id}"]["put"]["parameters"]  # where it names If-Match, a run sends it
    now = [1_776_000_000.0]
    report = verify(
        imported(given).model, Notes(habit), Identities({}, calls_keyless=True),
        Options(live=False, allow_writes=True, only=("valid_calls",)), clock=lambda: now[0],
        sleep=lambda seconds: now.append(now.pop() + seconds), wall=lambda: "2026-04-12T13:20:00Z", url=URL,
        timer=lambda: now[0],
    )  # fmt: skip
    ordinary = next(r for r in report.results if r.contract.id == "valid_calls/ordinary/replace_note@rest")
    assert (ordinary.verdict is not Verdict.UNTESTED) is refused
    assert refused or "`if_match` sends one" in ordinary.reason


def bare(*, required: bool) -> dict[str, Any]:
    """Return a document whose PUT and DELETE name the header If-Match, and that says no tag, 412 or 428."""
    found = document(tagged=False)
    match = {"name": "if-match", "in": "header", "required": required, "schema": {"type": "string"}}
    item = found["paths"]["/notes/{note_id}"]
    for method in ("put", "delete"):
        item[method]["parameters"] = [match]
    del item["put"]["responses"]["412"]
    return found


class Guarding(Notes):
    """Changes and removes a note only with its present tag, which `*` is not. Tells of no note without."""

    def __call__(self, request: Request) -> Response:
        id = request.path.removeprefix("/notes").strip("/")
        if request.method in ("PUT", "DELETE") and id in self.notes:
            asked = request.header("if-match")
            if asked != self.notes[id][1]:
                return self._answer(412 if asked else 428, {"detail": "no"})
        return super().__call__(request)


@pytest.mark.parametrize("required", [True, False])
def test_write_that_names_if_match_alone_gets_the_tag_that_a_read_answers(required: bool) -> None:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    notes = Guarding("ignores")
    report = verify(
        imported(bare(required=required)).model, notes, Identities({}),
        Options(live=False, allow_writes=True, only=("read_after_write", "removals", "valid_calls")),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip
    tried = {r.contract.id: r.verdict for r in report.results if r.contract.check == "valid_calls"}
    assert tried["valid_calls/ordinary/replace_note@rest"] is Verdict.KEPT
    assert tried["valid_calls/ordinary/delete_note@rest"] is Verdict.KEPT
    assert not [f for f in report.findings if f.contract.check in ("read_after_write", "removals")]
    assert notes.notes == {}, "what the run made is removed with its tag"


class Dated(Notes):
    """Answers 304 to the present tag, and tells the time of each change; `time` looks at the time first."""

    def __call__(self, request: Request) -> Response:
        found = super().__call__(request)
        if request.method != "GET" or found.status != 200:
            return found
        known, since = request.header("if-none-match"), request.header("if-modified-since")
        by_time = since is not None and (self.habit == "time" or known is None)
        if by_time or known == found.header("etag"):
            return Response(304, tuple(h for h in found.headers if h[0] == "ETag"))
        return found.with_header("Last-Modified", "Sat, 28 Nov 2026 20:51:00 GMT")


@pytest.mark.parametrize(("habit", "verdict"), [("right", Verdict.KEPT), ("time", Verdict.ODD)])
def test_a_tag_goes_before_the_time_of_a_change(habit: str, verdict: Verdict) -> None:
    given = document()
    read = given["paths"]["/notes/{note_id}"]["get"]
    read["parameters"] = [{"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}]
    read["responses"]["304"] = {"description": "Not changed", **TAGGED}
    now = [1_776_000_000.0]
    report = verify(
        imported(given).model, Dated(habit), Identities({}, calls_keyless=True),
        Options(live=False, allow_writes=True, only=("conditional_calls",)), clock=lambda: now[0],
        sleep=lambda seconds: now.append(now.pop() + seconds), wall=lambda: "2026-04-12T13:20:00Z", url=URL,
        timer=lambda: now[0],
    )  # fmt: skip
    found = {r.contract.id: r.verdict for r in report.results}
    assert found["conditional_calls/not_modified/get_note@rest"] is verdict


@pytest.mark.parametrize(("habit", "stale"), [("right", Verdict.KEPT), ("ignores", Verdict.ODD)])
def test_a_tag_whose_lack_has_an_answer_of_its_own_is_required(habit: str, stale: Verdict) -> None:
    """A schema that required it would answer 400 or 422, and so this document does not, and has a 428."""
    given = document()
    given["paths"]["/notes/{note_id}"]["put"]["responses"]["428"] = {"description": "Needs a tag"}
    made = imported(given)
    assert made.data["actions"]["replace_note"]["input"]["if_match"]["required"] is True

    class Needing(Notes):
        def __call__(self, request: Request) -> Response:
            if request.method == "PUT" and not request.header("if-match"):
                return self._answer(428)
            return super().__call__(request)

    now = [1_776_000_000.0]
    report = verify(
        made.model, Needing(habit), Identities({}, calls_keyless=True),
        Options(live=False, allow_writes=True, only=("conditional_calls",)), clock=lambda: now[0],
        sleep=lambda seconds: now.append(now.pop() + seconds), wall=lambda: "2026-04-12T13:20:00Z", url=URL,
        timer=lambda: now[0],
    )  # fmt: skip
    found = {r.contract.id.removeprefix("conditional_calls/"): r.verdict for r in report.results}
    assert found["stale/replace_note@rest"] is stale
    assert found["missing/replace_note@rest"] is Verdict.KEPT


class Coded(Notes):
    """Changes a title with PATCH. Each code that could be given is taken."""

    def __call__(self, request: Request) -> Response:
        if request.method != "PATCH":
            return super().__call__(request)
        if "code" in json.loads(request.body):
            return self._answer(409, {"detail": "taken"})
        return super().__call__(replace(request, method="PUT"))


@pytest.mark.parametrize(("habit", "stale"), [("right", Verdict.KEPT), ("ignores", Verdict.ODD)])
def test_a_write_with_a_tag_changes_a_text_that_nobody_has_taken(habit: str, stale: Verdict) -> None:
    """An article number that an earlier run left was sent, and refused: an Express app of 2026-12-01."""
    given = document()
    item = given["paths"]["/notes/{note_id}"]
    item["patch"] = item.pop("put")
    code = {"type": "string", "pattern": "^C-[0-9]{3}$"}
    item["patch"]["requestBody"] = taking({"type": "object", "properties": {"code": code, "title": TEXT}})
    item["patch"]["responses"]["409"] = {"description": "The code is taken"}
    found = verdicts_of(imported(given).model, Coded(habit))
    assert found["stale/replace_note@rest"] is stale
