"""Names and keys by which a server finds what others have, in texts that have no room for a mark."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from harm.test_lenient_servers import OTHERS, Notes, Schema, document, model_of, run
from pgagents.report.contract import Verdict


class Shelves(Notes):
    """A note has the name of a shelf. A shelf that goes takes with it what has its name, and its new name
    goes to them; a `code` finds the shelf that a create changes instead.
    """

    def __init__(self, code: str = "A-007") -> None:
        super().__init__()
        names = ("Work", "Home", "Books")
        for note in self.notes.values():
            note["text"] = names[note["id"] % 3]
        self.notes[OTHERS]["code"] = self.code = code
        self.at_start = json.dumps(self.notes)

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        found = re.fullmatch(r"/notes/(\d+)", path)
        held = self.notes.get(int(found[1])) if found else None
        before = dict(held) if held is not None else {}
        same = [
            note
            for note in self.notes.values()
            if note["id"] <= OTHERS and note["text"] == before.get("text")
        ]
        if method == "POST" and isinstance(body, dict) and body.get("code") == self.code:
            self.notes[OTHERS]["text"] = body.get("text")
        status, answer = super().answer(method, path, body, given)
        for note in same if status < 300 and method in ("PATCH", "DELETE") else ():
            if method == "DELETE":
                self.notes.pop(note["id"], None)
            else:
                note["text"] = self.notes[before["id"]]["text"]
        return status, answer


SHORT: Schema = {"type": "string", "minLength": 1, "maxLength": 10, "example": "Work"}
CODE: Schema = {"type": "string", "pattern": "^[A-Z]-[0-9]{3}$", "example": "A-007"}
MAIL: Schema = {"type": "string", "pattern": "^[a-z0-9]{1,9}@corp[.]example$", "example": "u3@corp.example"}


def shelves(text: Schema, **more: Schema) -> Schema:
    described = document(more, {})
    for item in described["paths"].values():
        for method in ("post", "patch"):
            if method in item:
                body = item[method]["requestBody"]["content"]["application/json"]["schema"]
                body["properties"]["text"] = text
                body["required"] = ["text", *more]
    return described


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "text",
    [SHORT, {"type": "string", "pattern": "^[A-Z][a-z]{2,7}$", "example": "Work"}],
    ids=["short", "pattern"],
)
def test_a_name_without_room_for_a_mark_is_none_that_the_document_shows(text: Schema, seed: int) -> None:
    """Of an app whose categories are found by their names, a run removed the notes of the category `Work`."""
    server = Shelves()
    run(model_of(shelves(text)), server, seed)
    assert len(server.bodies) > 60
    assert not server.changed()


@pytest.mark.parametrize("code", [CODE, MAIL], ids=["code", "address"])
def test_a_key_that_the_document_shows_is_not_sent(code: Schema) -> None:
    """Its row was changed by the first create, where a server takes a known key for an update."""
    server = Shelves(code["example"])
    run(model_of(shelves({"type": "string", "maxLength": 200}, code=code)), server, 0)
    assert len(server.bodies) > 60
    assert not server.changed()
    assert all(re.match(code["pattern"], body["code"]) for body in server.bodies[:2])


class Strict(Shelves):
    """Takes the codes that it knows only."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if method in ("POST", "PATCH") and isinstance(body, dict) and body.get("code") not in ("B-001", None):
            return 422, {"error": "no such code"}
        return super().answer(method, path, body, given)


def test_a_key_that_the_server_wants_is_sent_as_shown_and_texts_keep_their_mark() -> None:
    server = Strict()
    described = shelves({"type": "string", "maxLength": 200}, code={**CODE, "example": "B-001"})
    run(model_of(described), server, 0)
    taken = [body for body in server.bodies if body.get("code") == "B-001" and body.get("text")]
    assert len(taken) > 10
    assert str(taken[0]["text"]).startswith("pgv-")
    assert not server.changed()


FORMS = {
    "hex": ("^[0-9a-f]{6}$", "04a2b3"),
    "capitals": ("^[0-9A-F]{8}$", "04A2B3FE"),
    "dotted": ("^[A-Z]{3}[.][0-9]{3}$", "ABC.007"),
    "file": ("^[a-z]{1,8}[.]pdf$", "report.pdf"),
    "version": ("^v[0-9]{1,4}[.][0-9]{1,4}$", "v1.2"),
    "uuid": ("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "c56a4180-65aa-42ec-a945-5fd21dec0538"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_in_another_form_is_drawn_in_the_same_one(form: str) -> None:
    pattern, example = FORMS[form]
    server = Shelves(example)
    code: Schema = {"type": "string", "pattern": pattern, "example": example}
    run(model_of(shelves({"type": "string", "maxLength": 200}, code=code)), server, 0)
    assert len(server.bodies) > 60
    assert not server.changed()


DIGITS: Schema = {"type": "string", "pattern": "^[0-9]{6}$", "example": "100007"}


@pytest.mark.parametrize("code", ["100007", "090909"], ids=["shown", "greatest"])
def test_a_key_of_digits_alone_is_not_sent_and_the_create_says_what_would_send_it(code: str) -> None:
    """Also not the greatest one: a call at the bounds changed the row that had it."""
    server = Shelves(code)
    model = model_of(shelves({"type": "string", "maxLength": 200}, code=DIGITS))
    report = run(model, server, 0)
    assert "100007" not in [body.get("code") for body in server.bodies]
    assert not server.changed()
    withheld = [r for r in report.results if "--allow create_note.code" in str(r.reason)]
    assert withheld
    assert {result.verdict for result in withheld} == {Verdict.NOT_SELECTED}


def test_a_key_of_digits_alone_is_sent_where_the_caller_allows_it() -> None:
    server = Shelves("none")
    model = model_of(shelves({"type": "string", "maxLength": 200}, code=DIGITS))
    run(model, server, 0, allow=frozenset(["create_note.code", "update_note.code", "patch_note.code"]))
    assert [body.get("code") for body in server.bodies].count("100007") > 10


class Busy(Shelves):
    """Refuses the first create for a reason that is not in its values."""

    def __init__(self, status: int, code: str = "A-007", says: str = "not ready, try again later") -> None:
        super().__init__(code)
        self.status, self.says, self.posts = status, says, 0

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        self.posts += method == "POST"
        if method == "POST" and self.posts == 1:
            return self.status, {"error": self.says}
        return super().answer(method, path, body, given)


@pytest.mark.parametrize("status", [400, 404, 409, 422, 423])
def test_a_refusal_that_passes_brings_no_example_back(status: int) -> None:
    """A create was refused with 409 while an import ran; the next one had the category of the document."""
    server = Busy(status)
    run(model_of(shelves(SHORT)), server, 0)
    assert "Work" not in [body.get("text") for body in server.bodies]
    assert len(server.bodies) > 40
    assert not server.changed()


def test_a_refusal_that_passes_brings_no_address_back() -> None:
    server = Busy(409, MAIL["example"])
    run(model_of(shelves({"type": "string", "maxLength": 200}, code=MAIL)), server, 0)
    assert MAIL["example"] not in [body.get("code") for body in server.bodies]
    assert len(server.bodies) > 60


class Narrow(Shelves):
    """Refuses what is longer than the document says, in a text beside the name."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if method == "POST" and isinstance(body, dict) and len(str(body.get("hint"))) > 20:
            return 400, {"error": "too long"}
        return super().answer(method, path, body, given)


def test_a_mark_that_is_refused_beside_a_word_does_not_end_the_word() -> None:
    hint: Schema = {"type": "string", "maxLength": 200, "example": "a hint"}
    server = Narrow()
    run(model_of(shelves(SHORT, hint=hint)), server, 0)
    assert "Work" not in [body.get("text") for body in server.bodies]
    assert not server.changed()


class Closed(Shelves):
    """Takes one value of `code` or `currency`, and says of another only that it is wrong."""

    def __init__(self, taken: str, status: int, says: str) -> None:
        super().__init__()
        self.taken, self.status, self.says = taken, status, says

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        sent = {body.get(n) for n in ("code", "currency")} if isinstance(body, dict) else set()
        if method in ("POST", "PATCH") and not sent <= {self.taken, None}:
            return self.status, {"error": self.says}
        return super().answer(method, path, body, given)


def test_a_word_that_is_refused_without_a_name_is_not_replaced_and_no_alarm() -> None:
    server = Closed("A-007", 400, "bad request")
    report = run(model_of(shelves({"type": "string", "maxLength": 200}, code=CODE)), server, 0)
    assert "A-007" not in [body.get("code") for body in server.bodies]
    assert not server.changed()
    assert any("--allow create_note.code" in str(result.reason) for result in report.results)


@pytest.mark.parametrize("status", [403, 422, 424])
@pytest.mark.parametrize(
    ("pattern", "example"),
    [("^[A-Z]{3}$", "EUR"), ("^[a-z]{2}(-[A-Z]{2})?$", "en-US"), ("^(red|blue)$", "red")],
)
def test_a_code_of_a_closed_list_is_sent_as_shown(pattern: str, example: str, status: int) -> None:
    """A server that refused another currency with 403 had words in all creates, and none was made."""
    server = Closed(example, status, "no such value")
    code: Schema = {"type": "string", "pattern": pattern, "example": example}
    run(model_of(shelves({"type": "string", "maxLength": 200}, code=code)), server, 0)
    assert server.last - OTHERS > 8


def test_a_word_that_a_refusal_names_is_replaced_with_any_status() -> None:
    server = Closed("B-001", 424, 'unknown value in "code"')
    described = shelves({"type": "string", "maxLength": 200}, code={**CODE, "example": "B-001"})
    run(model_of(described), server, 0)
    assert [body.get("code") for body in server.bodies].count("B-001") > 10


@pytest.mark.parametrize("says", ["the text service is not ready", 'locked: "text" is being indexed'])
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_that_passes_and_names_a_member_brings_no_example_back(status: int, says: str) -> None:
    server = Busy(status, says=says)
    run(model_of(shelves(SHORT)), server, 0)
    assert "Work" not in [body.get("text") for body in server.bodies]
    assert len(server.bodies) > 40
    assert not server.changed()


@pytest.mark.parametrize("status", [400, 403, 424])
def test_a_code_of_a_closed_list_that_has_room_for_a_mark_is_sent_as_shown(status: int) -> None:
    """A server that refused another currency with 403 had marks in all creates, and none was made."""
    server = Closed("EUR", status, "no such value")
    currency: Schema = {"type": "string", "maxLength": 60, "example": "EUR"}
    run(model_of(shelves({"type": "string", "maxLength": 200}, currency=currency)), server, 0)
    assert server.last - OTHERS > 8
