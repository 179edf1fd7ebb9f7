"""A run by a document changes nothing of others on three kinds of servers.

They read ids leniently, have options with reach, or have whole numbers that name other things.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from harm.loopback import loopback
from harm.test_harm_module import run_module
from importing import imported
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.harmless.arguments import Harmless
from pgagents.catalogue.harmless.ids import (
    NOBODY,
    NOBODYS_NUMBER,
    OlderIds,
    list_like,
    list_numbers,
    reads_as_others,
)
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

OTHERS = 20
Schema = dict[str, Any]


def parse_int(text: str) -> int:
    """JavaScript's parseInt: blanks, a sign, digits; 0x is a base."""
    based = re.match(r"\s*([+-]?)0x([0-9a-f]+)", text, re.I)
    if based:
        return int(based[2], 16)
    found = re.match(r"\s*([+-]?[0-9]+)", text)
    return int(found[1]) if found else 0


def cast(text: str) -> int:
    """PHP's (int): digits, a point and an exponent."""
    found = re.match(r"\s*([+-]?[0-9]*\.?[0-9]+(?:e[+-]?[0-9]{1,2})?)", text, re.I)
    return int(float(found[1])) if found else 0


def to_i(text: str) -> int:
    """Ruby's to_i: digits with underscores between them."""
    found = re.match(r"\s*([+-]?[0-9]+(?:_[0-9]+)*)", text)
    return int(found[1].replace("_", "")) if found else 0


def compare(text: str) -> int:
    """MySQL where it compares a column of whole numbers with a text: a rounded number, else zero."""
    found = re.match(r"\s*([+-]?[0-9]*\.?[0-9]+(?:e[+-]?[0-9]{1,2})?)", text, re.I)
    return round(float(found[1])) if found else 0


def find_digits(text: str) -> int:
    """A route that takes the first digits wherever they stand."""
    found = re.search(r"[0-9]+", text)
    return int(found[0]) if found else 0


class Notes:
    """A server with twenty notes of others."""

    def __init__(self, reader: Callable[[str], int] = cast) -> None:
        self.reader = reader
        self.notes: dict[int, dict[str, Any]] = {
            n: {"id": n, "text": f"mine {n}"} for n in range(1, OTHERS + 1)
        }
        self.at_start = json.dumps(self.notes)
        self.last = OTHERS
        self.bodies: list[Any] = []

    def __call__(self, request: Request) -> Response:
        path, body = urlsplit(request.target).path, read_json(request.body).value
        given = {
            **dict(parse_qsl(urlsplit(request.target).query)),
            **(body if isinstance(body, dict) else {}),
        }
        if request.method not in ("GET", "HEAD"):
            self.bodies.append(given)
        status, answer = self.answer(request.method, path, body, given)
        content = b"" if answer is None else json.dumps(answer).encode()
        return Response(status, (("Content-Type", "application/json"),), content)

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        text = body.get("text") if isinstance(body, dict) else None
        right = isinstance(text, str) and 0 < len(text) <= 200
        if path == "/notes" and method == "GET":
            return 200, list(self.notes.values())
        if path == "/notes" and method == "POST":
            if not right:
                return 400, {"error": "bad"}
            self.reach(given)
            self.last += 1
            self.notes[self.last] = {"id": self.last, "text": text}
            return 201, self.notes[self.last]
        found = re.fullmatch(r"/notes/([^/]+)", path)
        number = self.reader(unquote(found[1])) if found else 0
        if number not in self.notes:
            return 404, {"error": "none"}
        if method == "PATCH" and not right:
            return 400, {"error": "bad"}
        if method in ("PATCH", "DELETE"):
            self.reach(given)
        if method == "PATCH":
            self.notes[number] = {**self.notes[number], "text": text}
        if method == "DELETE":
            self.notes.pop(number, None)
            return 204, None
        return (200, self.notes[number]) if method in ("GET", "PATCH") else (405, {"error": "method"})

    def reach(self, given: dict[str, Any]) -> None:
        """Do what an option with reach asks for, or what a whole number names."""
        for name, value in given.items():
            if name in FLAGS and value not in (False, "false", None, 0, "0", ""):
                self.notes.clear()
            for number in value if isinstance(value, list) else [value]:
                text = str(int(number)) if isinstance(number, bool) else str(number)
                if name in NAMES and self.reader(text) <= OTHERS:
                    self.notes.pop(self.reader(text), None)

    def changed(self) -> bool:
        return json.dumps({n: note for n, note in self.notes.items() if n <= OTHERS}) != self.at_start


class Texts(Notes):
    """The same with text ids: a row is taken for another where the reader takes both for one text."""

    def __init__(self, reader: Callable[[str], str], ids: list[str]) -> None:
        super().__init__()
        self.read, self.chance = reader, Random(99)
        self.rows = {id: {"id": id, "text": f"mine {id}"} for id in ids}
        self.older = dict(self.rows)

    def answer(self, method: str, path: str, body: Any, _: dict[str, Any]) -> tuple[int, Any]:
        text = body.get("text") if isinstance(body, dict) else None
        right = isinstance(text, str) and 0 < len(text) <= 200
        asked = unquote(path.removeprefix("/notes").removeprefix("/"))
        if method in ("POST", "PUT", "PATCH") and not right:
            return 400, {"error": "bad"}
        if not asked:
            if method == "GET":
                return 200, list(self.rows.values())
            asked = f"{self.chance.getrandbits(32):08x}"
        taken = [id for id in self.rows if self.read(asked) and self.read(id) == self.read(asked)]
        id = next(iter(taken), asked)
        made = id not in self.rows
        if made and method in ("GET", "PATCH", "DELETE"):
            return 404, {"error": "none"}
        if method == "DELETE":
            del self.rows[id]
            return 204, None
        if method != "GET":
            id = asked if method == "POST" else id
            self.rows[id] = {"id": id, "text": text}
        return 201 if method == "POST" or (made and method == "PUT") else 200, self.rows[id]

    def changed(self) -> bool:
        return any(self.rows.get(id) != row for id, row in self.older.items())


NOTE: Schema = {
    "type": "object",
    "required": ["id", "text"],
    "properties": {"id": {"type": "integer"}, "text": {"type": "string"}},
}
FLAGS: dict[str, Schema] = {
    "replace_all": {"type": "boolean"},
    "overwrite": {"type": "boolean"},
    "conflictMode": {"type": "string", "enum": ["keep", "drop"]},
    "keep_last": {"type": "integer", "minimum": 0, "maximum": 9},
    "dedupe": {"type": "boolean"},
    "scopes": {"type": "array", "items": {"type": "string", "enum": ["mine", "all"]}},
}
NUMBER: Schema = {"type": "integer", "minimum": 1}
NAMES: dict[str, Schema] = {
    **dict.fromkeys(
        ("parent_id", "owner", "into", "replaces_note", "to_account", "note", "siblingId"), NUMBER
    ),
    **{key: {"type": "array", "items": NUMBER} for key in ("merge_ids", "notes")},
}


def document(more: dict[str, Schema], query: dict[str, Schema], id: str = "integer") -> Schema:
    """The document of the notes, with optional members of bodies and optional arguments of the query."""
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    body = {"type": "object", "required": ["text"], "properties": {"text": text, **more}}
    sent = {"required": True, "content": {"application/json": {"schema": body}}}
    error = {"description": "Refused", "content": {"application/json": {"schema": {"type": "object"}}}}

    def answers(status: str, schema: Schema) -> Schema:
        said = {"description": "Done", "content": {"application/json": {"schema": schema}}}
        return {status: said, "400": error, "404": error}

    options = [{"name": n, "in": "query", "schema": s} for n, s in query.items()]
    at = {"name": "id", "in": "path", "required": True, "schema": {"type": id}}
    made = {"operationId": "create_note", "parameters": options, "requestBody": sent}
    changed = {"operationId": "patch_note", "parameters": [at, *options], "requestBody": sent}
    removed = {"operationId": "delete_note", "parameters": [at, *options]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Notes", "version": "1"},
        "paths": {
            "/notes": {
                "get": {
                    "operationId": "list_notes",
                    "responses": answers("200", {"type": "array", "items": NOTE}),
                },
                "post": {**made, "responses": answers("201", NOTE)},
            },
            "/notes/{id}": {
                "get": {"operationId": "get_note", "parameters": [at], "responses": answers("200", NOTE)},
                "patch": {**changed, "responses": answers("200", NOTE)},
                "delete": {**removed, "responses": {"204": {"description": "Gone"}, "404": error}},
            },
        },
    }


def model_of(described: Schema) -> Model:
    """The catalogue that is imported from a document, the same for all seeds and servers."""
    return _model_of(json.dumps(described))


@lru_cache(maxsize=32)
def _model_of(text: str) -> Model:
    return load_text(imported(text).text, "notes.yaml")


def run(model: Model, server: Notes, seed: int, **options: Any) -> Report:
    given = Options(seed=seed, allow_writes=True, live=False, **options)
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model,
        server,
        Identities(calls_keyless=True),
        given,
        clock=lambda: now[0],
        sleep=sleep,
        wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("id", ["string", "integer", "number"])
@pytest.mark.parametrize("reader", [parse_int, cast, to_i, compare, find_digits])
def test_leading_digits_name_nobody(reader: Callable[[str], int], id: str, seed: int) -> None:
    server = Notes(reader)
    run(model_of(document({}, {}, id)), server, seed)
    assert server.bodies
    assert not server.changed()


class Halfway(Notes):
    """Reads ids leniently by one method alone, so that a read shows that nobody has them."""

    def __init__(self, reader: Callable[[str], int], method: str) -> None:
        super().__init__(reader)
        self.method = method

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        found = re.fullmatch(r"/notes/([^/]+)", path)
        if found and method != self.method and unquote(found[1]) not in map(str, self.notes):
            return 404, {"error": "none"}
        return super().answer(method, path, body, given)


@pytest.mark.parametrize("id", ["string", "integer"])
@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
@pytest.mark.parametrize("reader", [parse_int, compare, find_digits])
def test_leading_digits_that_one_method_alone_reads_name_nobody(
    reader: Callable[[str], int], method: str, id: str
) -> None:
    server = Halfway(reader, method)
    run(model_of(document({}, {}, id)), server, 0)
    assert server.bodies
    assert not server.changed()


HEX = [f"{Random(n).getrandbits(32):08x}" for n in range(OTHERS)]
WORDS = [f"{letter}-idea" for letter in "abcdefghijklmnopqrst"]
TEXT_READERS: dict[str, tuple[Callable[[str], str], list[str]]] = {
    "digits-at-the-end": (lambda text: re.sub(r"\A.*[^0-9]", "", text), HEX),
    "all-digits": (lambda text: re.sub(r"[^0-9]", "", text), HEX),
    "first-letter": (lambda text: text[:1].lower(), WORDS),
    "first-part": (lambda text: text.lower().partition("-")[0], ["pgv-idea", "kz-idea", "ada-2"]),
    "exact": (lambda text: text, HEX),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("makes", ["post", "put"])
@pytest.mark.parametrize("reader", TEXT_READERS)
def test_a_text_id_that_the_server_takes_for_an_older_one_is_not_written_to(
    reader: str, makes: str, seed: int
) -> None:
    """Also where the run chose it, or the server gave it: a read by it shows the older one."""
    described = document({}, {}, "string")
    if makes == "put":
        paths = described["paths"]
        del paths["/notes"]["post"]
        put = paths["/notes/{id}"].pop("patch")
        answers = {**put["responses"], "201": put["responses"]["200"]}
        paths["/notes/{id}"]["put"] = {**put, "operationId": "put_note", "responses": answers}
    server = Texts(*TEXT_READERS[reader])
    report = run(model_of(described), server, seed)
    assert not server.changed()
    assert report.results
    assert reader != "exact" or len(server.bodies) > (60 if makes == "post" else 10)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("where", ["body", "query"])
@pytest.mark.parametrize("more", [FLAGS, NAMES], ids=["options", "references"])
def test_options_with_reach_and_references_are_left_out(
    more: dict[str, Schema], where: str, seed: int
) -> None:
    server = Notes()
    model = model_of(document(more, {}) if where == "body" else document({}, more))
    report = run(model, server, seed)
    assert server.bodies
    assert not server.changed()
    reasons = {result.reason for result in report.results}
    unsaid = [n for n in more if not any(f"create_note.{n} sends it" in reason for reason in reasons)]
    assert unsaid == []


def test_an_allowed_argument_is_sent() -> None:
    server = Notes()
    model = model_of(document(FLAGS, {}))
    run(model, server, 0, allow=("create_note.dedupe",))
    sent = {name for body in server.bodies for name in body}
    assert "dedupe" in sent
    assert "replace_all" not in sent


def test_what_the_document_shows_is_sent_and_a_stored_flag_too() -> None:
    stored = {"type": "boolean"}
    described = document(
        {"starred": stored, "mode": {"type": "string", "enum": ["a", "b"], "default": "a"}}, {}
    )
    note = {**NOTE, "properties": {**NOTE["properties"], "starred": stored}}
    for path, method, status in (("/notes", "post", "201"), ("/notes/{id}", "get", "200")):
        content = described["paths"][path][method]["responses"][status]["content"]
        content["application/json"]["schema"] = note
    model = model_of(described)
    action = next(a for a in model.actions if a.name == "create_note")
    held = {one.label: one for one in Harmless(model).list_withheld(action)}
    assert held.keys() == {"mode"}
    assert held["mode"].takes("a", ())
    assert not held["mode"].takes("b", ())


COUNTS = ("amount", "quantity", "age", "copies", "floor", "weight_kg")
CODES = ("sku", "product_ean", "serial", "barcode")


def test_a_required_number_that_names_a_thing_is_withheld_and_a_quantity_is_not() -> None:
    """Unless the thing that the call makes has it: that is its own then, and no reference."""
    described = document(dict.fromkeys((*COUNTS, *CODES), NUMBER), {})
    described["paths"]["/notes"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {
        "type": "array",
        "items": {**NOTE, "properties": {**NOTE["properties"], "barcode": NUMBER}},
    }
    content = described["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]
    content["schema"]["required"] = ["text", *COUNTS, *CODES]
    model = model_of(described)
    action = next(a for a in model.actions if a.name == "create_note")
    held = {one.label: one for one in Harmless(model).list_withheld(action)}
    assert held.keys() == {*CODES} - {"barcode"}
    assert all(one.kind == "reference" and not one.takes(1, ()) for one in held.values())


TEXTS: Schema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
CODE: Schema = {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"}
ROLES: dict[str, Schema] = {
    "assignee": {"type": "string"},
    "members": TEXTS,
    "owners": {**TEXTS, "items": CODE},
    "reviewer": CODE,
    "group": {"type": "string", "examples": ["admins"]},
    "links": {"type": "array", "items": {"type": "object", "properties": {"target": {"type": "string"}}}},
}


def list_texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for part in inner for text in list_texts(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("seed", [0, 1])
def test_a_text_that_names_somebody_is_the_runs_own_word_or_is_not_sent(seed: int) -> None:
    """Also in a list, in its items' members, in a change, and where its pattern lets no such word in."""
    server, described = Notes(), document(ROLES, {})
    body = described["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body["required"] = [*body.get("required", ()), "assignee", "members", "group"]
    report = run(model_of(described), server, seed)
    sent = [(name, body[name]) for body in server.bodies for name in ROLES.keys() & body.keys()]
    texts = {(name, text) for name, value in sent for text in list_texts(value)}
    others = {text for _, text in texts if "pgv-" not in text and text[:1] not in "[{"}
    assert others <= {"", "admins"}
    assert {name for name, text in texts if "pgv-" in text} >= {"assignee", "members", "group"}
    assert len(server.bodies) > 60
    assert "create_note.reviewer" in str(report.footer.withheld)


def test_a_word_of_a_document_without_a_digit_is_sent() -> None:
    described = document({"group": ROLES["group"], "team": {"type": "string", "example": "AV-1"}}, {})
    action = next(a for a in model_of(described).actions if a.name == "create_note")
    held = {one.label: one for one in Harmless(model_of(described)).list_withheld(action)}
    assert held["group"].takes("admins", ())
    assert not held["group"].takes("x", ())
    assert not held["team"].takes("AV-1", ())


@pytest.mark.parametrize("more", [{}, FLAGS, NAMES], ids=["ids", "options", "references"])
def test_the_generated_module_keeps_the_same_rules(more: dict[str, Schema], tmp_path: Path) -> None:
    server = Notes()
    with loopback(server) as url:
        run_module(model_of(document(more, {})), tmp_path / "out", url, PGAGENTS_ALLOW_WRITES="1")
    assert server.bodies
    assert not server.changed()


@pytest.mark.parametrize("text", ["", "7", "a7", "0x1f", "1_7", "pgv-1", "17", "n21", "note-2107"])
def test_texts_like_an_id_are_nobodys(text: str) -> None:
    for like in list_like(text):
        assert NOBODY in like
        assert all(reader(like) == 0 for reader in (parse_int, cast, to_i, compare, find_digits))


@pytest.mark.parametrize(
    "text", ["07", " 7", "7a", "+7", "7e0", "0x7", "7_0", "７", "%37", "7\nx", True, 7.2]
)
def test_what_a_lenient_reader_takes_for_another_id_is_no_id_of_ones_own(text: Any) -> None:
    assert list_numbers(text)
    assert reads_as_others(text, ["box-1", 88])


def test_a_suffix_on_an_id_of_ones_own_stays_ones_own() -> None:
    assert not reads_as_others("17-x", [17])
    assert reads_as_others("17-x", [1])
    assert reads_as_others("2２", [22])
    assert NOBODYS_NUMBER % 2**32 > 2**24


@pytest.mark.parametrize("id", ["ADA-7", " ada-2", "ada-20", "x-2", "ada", "a2d", "z2", "ada_2\n", "ada_2x"])
def test_an_id_that_some_reader_takes_for_an_older_one(id: str) -> None:
    older = OlderIds()
    older.add("ada-2")
    assert older.may_be(id)
    older.rule_out(id)
    assert not older.may_be(id)


@pytest.mark.parametrize("id", ["kzhq", "", 2, None, "-"])
def test_an_id_that_no_reader_takes_for_an_older_one(id: Any) -> None:
    older = OlderIds()
    older.add("ada-2")
    older.add("")
    assert not older.may_be(id)


class Echoing(Notes):
    """A removal answers what it removed, and the greatest number is given again as SQLite does it."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        before = dict(self.notes)
        self.last = max(self.notes)
        status, answer = super().answer(method, path, body, given)
        gone = [note for n, note in before.items() if n not in self.notes]
        return (200, gone[0]) if method == "DELETE" and gone else (status, answer)


def test_a_number_that_a_removal_answers_is_free_again() -> None:
    """Platformatic DB 2.61 (Fastify) over SQLite, 2026-11-28: four rows stayed, and no more were made."""
    described = document({}, {})
    removal = described["paths"]["/notes/{id}"]["delete"]["responses"]
    removal["200"] = described["paths"]["/notes/{id}"]["get"]["responses"]["200"]
    del removal["204"]
    server = Echoing()
    report = run(model_of(described), server, 0)
    assert len(server.notes) == OTHERS
    assert not server.changed()
    assert not report.footer.left_behind
    assert not [r for r in report.results if r.reason and "existed before" in r.reason]


class Numbering(Notes):
    """A create takes `id: null` for 0, and makes what has that number anew."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        if status == 201 and "id" in body and body["id"] is None:
            del self.notes[self.last]
            self.notes[0] = answer = {**answer, "id": 0}
        return status, answer


def test_a_create_that_sent_an_id_disowns_nothing_else() -> None:
    """Platformatic DB 2.61 (Fastify), 2026-11-28: nineteen rows stayed for one that is made by `id: null`."""
    server = Numbering()
    report = run(model_of(document({"id": {"type": "integer"}}, {})), server, 0)
    assert server.notes.pop(0)
    assert len(server.notes) == OTHERS
    assert not server.changed()
    assert len(report.footer.left_behind) == 1


class Listing(Notes):
    """A create answers a list of what it made, as PostgREST does; also of several, if it takes a list."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if method != "POST" or path != "/notes":
            return super().answer(method, path, body, given)
        bodies = body if isinstance(body, list) else [body]
        texts = [one.get("text") if isinstance(one, dict) else None for one in bodies]
        if not texts or not all(isinstance(text, str) and 0 < len(text) <= 200 for text in texts):
            return 400, {"error": "bad"}
        return 201, [super(Listing, self).answer(method, path, one, given)[1] for one in bodies]


@pytest.mark.parametrize("takes_list", [False, True])
def test_what_a_create_answers_in_a_list_is_made_and_removed(takes_list: bool) -> None:
    described = document({}, {})
    made = described["paths"]["/notes"]["post"]
    if takes_list:
        content = made["requestBody"]["content"]["application/json"]
        content["schema"] = {"type": "array", "minItems": 1, "maxItems": 5, "items": content["schema"]}
    made["responses"]["201"]["content"]["application/json"]["schema"] = {"type": "array", "items": NOTE}
    server = Listing()
    report = run(model_of(described), server, 0)
    assert server.last > OTHERS
    assert len(server.notes) == OTHERS
    assert not server.changed()
    assert not report.footer.left_behind
    removal = next(r for r in report.results if r.contract.id == "documented_status/delete_note@rest")
    assert removal.verdict is Verdict.KEPT


class Owned(Notes):
    """`PUT /notes` changes each note, whoever owns it."""

    def __init__(self) -> None:
        super().__init__()
        self.owners: dict[int, dict[str, Any]] = {}
        self.made = 100

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if path == "/notes" and method == "PUT" and isinstance(body, dict) and body.get("owner_id"):
            self.notes = {n: {**note, "text": "changed"} for n, note in self.notes.items()}
            return 200, list(self.notes.values())
        if path == "/owners" and method == "POST" and isinstance(body, dict) and body.get("text"):
            self.made += 1
            self.owners[self.made] = {"id": self.made, "text": body["text"]}
            return 201, self.owners[self.made]
        if not path.startswith("/owners"):
            return super().answer(method, path, body, given)
        number = path.rpartition("/")[2]
        if path == "/owners" and method == "GET":
            return 200, list(self.owners.values())
        if not number.isdecimal() or int(number) not in self.owners:
            return 404, {"error": "none"}
        owner = self.owners[int(number)] if method == "GET" else self.owners.pop(int(number))
        return (200, owner) if method == "GET" else (204, None)


def test_a_change_of_a_whole_collection_is_not_sent_for_an_own_thing_beside_it() -> None:
    described = document({}, {})
    paths = described["paths"]
    owner = {key: deepcopy(paths[key]) for key in ("/notes", "/notes/{id}")}
    for one in owner.values():
        for operation in one.values():
            operation["operationId"] = operation["operationId"].replace("note", "owner")
    del owner["/notes/{id}"]["patch"]
    change = deepcopy(paths["/notes"]["post"]) | {"operationId": "update_notes"}
    content = change["requestBody"]["content"]["application/json"]["schema"]
    content["required"].append("owner_id")
    content["properties"]["owner_id"] = {"type": "integer"}
    change["responses"]["200"] = change["responses"].pop("201")
    paths["/notes"]["put"] = change
    paths |= {"/owners": owner["/notes"], "/owners/{owner_id}": owner["/notes/{id}"]}
    for operation in paths["/owners/{owner_id}"].values():
        operation["parameters"] = [{**operation["parameters"][0], "name": "owner_id"}]
    server = Owned()
    run(model_of(described), server, 0)
    assert server.made > 100
    assert not server.owners
    assert not server.changed()


def test_a_removal_that_wants_a_condition_says_which_header_lacks() -> None:
    class Guarded(Notes):
        def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
            wanted = method in ("PATCH", "DELETE")
            return (428, {"error": "when?"}) if wanted else super().answer(method, path, body, given)

    server = Guarded()
    report = run(model_of(document({}, {})), server, 0)
    left = report.footer.left_behind
    assert len(left) == len(server.notes) - OTHERS > 0
    assert all("428, and nothing says that it takes the header If-Match" in one for one in left)


class Located(Notes):
    """A create answers only where it is, as Keycloak's admin API does."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def __call__(self, request: Request) -> Response:
        answer = super().__call__(replace(request, target=request.target.removeprefix("/api/v1")))
        if request.method == "POST" and answer.status == 201:
            return Response(
                201, (("Location", self.where.format(id=self.last, old=self.last - OTHERS)),), b""
            )
        return answer


def bodiless(*, listed: bool = True) -> Schema:
    described = document({}, {})
    if not listed:
        del described["paths"]["/notes"]["get"]
    described["servers"] = [{"url": "/api/v1"}]
    described["paths"]["/notes"]["post"]["responses"]["201"] = {"description": "Created"}
    return described


@pytest.mark.parametrize(
    "where",
    [
        "/api/v1/notes/{id}",
        "/api/v1/notes/{id}/",
        "http://127.0.0.1:1/api/v1/notes/{id}",
        "notes/{id}",
        "/notes/{id}",
    ],
)
def test_what_a_create_tells_by_its_location_alone_is_made_and_removed(where: str) -> None:
    server = Located(where)
    report = run(model_of(bodiless()), server, 0)
    assert server.last > OTHERS + 3
    assert len(server.notes) == OTHERS
    assert not server.changed()
    assert not report.footer.left_behind
    removal = next(r for r in report.results if r.contract.id == "documented_status/delete_note@rest")
    assert removal.verdict is Verdict.KEPT


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize(
    "where",
    [
        "http://elsewhere.example/api/v1/notes/{id}",
        "/api/v1/notes",
        "/api/v1/notes/",
        "/api/v1/words/{id}",
        "/api/v1/notes/{id}/text",
        "{id}",
        "/api/v1/notes/3",
        "/api/v1/notes/{old}",
        "",
        "http://[/notes/{id}",
    ],
)
def test_a_location_that_names_no_new_note_changes_nothing(where: str, listed: bool) -> None:
    """Also where it names an older note that no list shows: a read shows another text than was sent. A list
    finds the new one by its mark.
    """
    server = Located(where)
    report = run(model_of(bodiless(listed=listed)), server, 0)
    assert not server.changed()
    assert server.last > OTHERS
    if listed:  # each is found, and goes again
        assert len(server.notes) == OTHERS
    else:
        assert server.last <= OTHERS + 3
        assert report.footer.left_behind


class Claiming(Notes):
    """A create answers the id of an older note that no list shows, with what was sent as a whole, in an
    envelope, or not at all.
    """

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form
        for note in self.notes.values():
            note |= {"kind": "std", "zone": "eu", "state": "ok"}
        self.at_start = json.dumps(self.notes)

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        if method != "POST" or status != 201:
            return status, answer
        text, older = self.notes.pop(self.last)["text"], self.last - OTHERS
        told = {**self.notes.get(older, {}), "id": older, "text": text}
        return 201, {
            "whole": told,
            "envelope": {"id": older, "note": {"id": older, "text": text}},
            "id": {"id": older},
        }[self.form]


@pytest.mark.parametrize("form", ["whole", "envelope", "id"])
def test_what_a_read_shows_with_another_text_than_was_sent_is_somebody_elses(form: str) -> None:
    """Of forty vouchers 24 were removed: their other members are alike, and the envelope hid their texts."""
    server = Claiming(form)
    described = bodiless(listed=False)
    del described["servers"]
    shown = {**NOTE, "properties": {**NOTE["properties"], "kind": {}, "zone": {}, "state": {}}}
    made: Schema = {"type": "object", "properties": {"id": {"type": "integer"}, "note": NOTE}}
    content = {"application/json": {"schema": shown if form == "whole" else made}}
    described["paths"]["/notes"]["post"]["responses"]["201"]["content"] = content
    read = described["paths"]["/notes/{id}"]["get"]["responses"]["200"]
    read["content"]["application/json"]["schema"] = shown
    report = run(model_of(described), server, 0)
    assert not server.changed()
    assert server.last > OTHERS + 1
    assert report.footer.left_behind


class Splicing(Notes):
    """What removes nothing that is there answers 204, and may take the last row, as `splice(-1, 1)` does."""

    def __init__(self, takes: bool) -> None:
        super().__init__(lambda text: int(text) if text.isdecimal() else 0)
        self.takes, self.astray = takes, 0

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        if method == "DELETE" and status == 404 and re.fullmatch("/notes/[^/]+", path):
            self.astray += 1
            if self.takes:
                self.notes.popitem()
            return 204, None
        return status, answer


@pytest.mark.parametrize("takes", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_removal_of_what_is_not_there_is_not_followed_by_that_of_what_it_took(
    seed: int, takes: bool
) -> None:
    """Each took the last row. The run then removed its own ones by their ids, and took three of others."""
    server = Splicing(takes)
    report = run(model_of(document({}, {})), server, seed)
    assert server.astray > 1
    assert not server.changed()
    assert report.footer.alarm is None
    assert len(server.notes) == OTHERS
    assert not report.footer.left_behind


@pytest.mark.parametrize(("seed", "most"), [(0, 9), (0, 11), (0, 43), (1, 44), (0, 77), (1, 75)])
def test_a_bound_holds_with_what_the_end_of_a_run_takes(seed: int, most: int) -> None:
    """The lists that show what stayed, and looks at what is removed, were sent on top."""
    server = Splicing(True)
    report = run(model_of(document({}, {})), server, seed, max_requests=most)
    assert report.footer.requests <= most
    assert not server.changed()


class Tokens(Notes):
    """A note's token is shown whole by its create alone."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        token = body.get("token") if isinstance(body, dict) else ""
        if not isinstance(token, str) or (method == "POST" and not token):
            return 400, {"error": "bad"}
        status, answer = super().answer(method, path, body, given)
        if method == "POST" and status == 201:
            self.notes[self.last]["token"] = f"{token[:4]}…"
            return status, {**answer, "token": token}
        return status, answer


def test_a_text_that_is_shown_whole_only_once_is_the_runs_own() -> None:
    server = Tokens()
    described = document({"token": {"type": "string", "minLength": 1, "maxLength": 200}}, {})
    shown = {**NOTE, "properties": {**NOTE["properties"], "token": {"type": "string"}}}
    for path, method, status in (
        ("/notes", "post", "201"),
        ("/notes/{id}", "get", "200"),
        ("/notes/{id}", "patch", "200"),
    ):
        answer = described["paths"][path][method]["responses"][status]["content"]["application/json"]
        answer["schema"] = shown
    sent = described["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    sent["required"] = ["text", "token"]
    report = run(model_of(described), server, 0)
    assert not server.changed()
    assert server.last > OTHERS + 3
    assert len(server.notes) == OTHERS
    assert not report.footer.left_behind
