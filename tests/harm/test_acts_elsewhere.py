"""An action of the run's own note reaches rows of another kind, which no answer of it shows: the run stops
after one of them. What happens to other kinds anyway stops no run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harm.runs import SHARED_URL, URL
from harm.test_lenient_servers import NOTE, Notes, Schema, document, model_of
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.catalogue import load_path
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

THEME: Schema = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "seen": {"type": "integer"}},
    "required": ["id", "name"],
}
THEMES = 9


def described(method: str, readable: bool = True) -> Schema:
    """The document of the notes, of themes that only somebody else makes, and of one more action."""

    def answers(schema: Schema | None) -> Schema:
        content = {"content": {"application/json": {"schema": schema}}} if schema else {}
        return {"200": {"description": "Done", **content}, "404": {"description": "None"}}

    made, listed = document({}, {}), {"type": "array", "items": THEME}
    made["paths"]["/themes"] = {"get": {"operationId": "list_themes", "responses": answers(listed)}}
    at = {"name": "id", "in": "path", "required": True}
    one = {"operationId": "get_theme", "parameters": [{**at, "schema": {"type": "string"}}]}
    if readable:
        made["paths"]["/themes/{id}"] = {"get": {**one, "responses": answers(THEME)}}
    named = {"parameters": [{**at, "schema": {"type": "integer"}}]}
    made["paths"]["/notes/{id}/arrange"] = {
        method: {"operationId": "act", **named, "responses": answers(NOTE)}
    }
    return made


class Themed(Notes):
    """The notes, with themes. `act` is what the further action does, `by_itself` what each request sees."""

    def __init__(
        self, method: str, act: Act | None = None, by_itself: Act | None = None, shown: Shown | None = None
    ) -> None:
        super().__init__()
        self.method, self.act, self.by_itself, self.shown = (
            method.upper(),
            act or keep,
            by_itself or keep,
            shown or show,
        )
        self.themes = {f"t{n * 7919 % 1009}x": f"Theme {'abcdefghi'[n]}" for n in range(THEMES)}
        self.names = dict(self.themes)
        self.acted = self.turns = 0
        self.owners = dict.fromkeys(self.themes, 3)
        self.asked = ""

    def __call__(self, request: Request) -> Response:
        self.turns += 1
        self.asked = f"{request.method} {request.path}"
        self.by_itself(self)
        return super().__call__(request)

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if path.startswith("/themes"):
            name = path.removeprefix("/themes").strip("/")
            found = next((row for row in show(self) if row["id"] == name), None) if name else self.shown(self)
            right = method == "GET" and found is not None
            return (200, found) if right else (404, {"error": "none"})
        found = re.fullmatch(r"/notes/(\d+)/arrange", path)
        if method == self.method and found and int(found[1]) in self.notes:
            self.acted += 1
            self.act(self)
            return 200, self.notes[int(found[1])]
        return super().answer(method, path, body, given)

    @property
    def gone(self) -> int:
        return sum(id not in self.themes for id in self.names)


Act = Callable[[Themed], object]
Shown = Callable[[Themed], list[Schema]]


def keep(_: Themed) -> None:
    """Do nothing."""


def show(server: Themed) -> list[Schema]:
    return [{"id": id, "name": name} for id, name in server.themes.items()]


def remove_one(server: Themed) -> None:
    for id in list(server.themes)[:1]:
        del server.themes[id]


def run(model: Model, server: Themed, url: str = URL, **options: Any) -> Report:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model,
        server,
        Identities(calls_keyless=True),
        Options(**{"allow_writes": True, "live": False, **options}),
        clock=lambda: now[0],
        sleep=sleep,
        wall=lambda: "2026-04-12T13:20:00Z",
        url=url,
    )


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("method", ["post", "put"])
def test_a_run_stops_after_one_row_of_another_kind(method: str, seed: int) -> None:
    server = Themed(method, remove_one)
    report = run(model_of(described(method)), server, seed=seed)
    alarm = report.footer.alarm
    assert alarm is not None
    assert (server.acted, server.gone, alarm.count) == (1, 1, 1)
    assert alarm.rows[0].name.startswith("theme ")
    assert not server.changed()


def inherit(server: Themed) -> None:
    server.owners = dict.fromkeys(server.owners, max(server.notes))


def show_as(member: str) -> Shown:
    def shown(server: Themed) -> list[Schema]:
        return [{"id": id, "name": name, member: server.owners[id]} for id, name in server.themes.items()]

    return shown


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ("owner_id", True),
        ("owner", True),
        ("last_owner_id", False),
        ("owners", False),
        ("owner_count", False),
    ],
)
def test_rows_that_come_to_be_the_runs_own_stop_it(member: str, told: bool) -> None:
    """An action of an own user gave it the files of all, and nothing was told: an owner's number changed."""
    server = Themed("post", inherit, shown=show_as(member))
    alarm = run(model_of(described("post")), server).footer.alarm
    assert server.acted
    assert (alarm is not None) is told
    assert not told or server.acted == 1


def count_up(server: Themed) -> list[Schema]:
    return [{**row, "seen": server.turns} for row in show(server)]


class Making(Themed):
    """A create acts at once: it removes themes, as an import does that replaces all."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        if status == 201:
            self.acted += 1
            self.act(self)
        return status, answer


def remove_all(server: Themed) -> None:
    server.themes.clear()


def test_rows_that_count_are_missed_too() -> None:
    """A counter that each read raises took a row for one under another id, which nobody looked for again."""
    server = Themed("post", remove_one, shown=count_up)
    report = run(model_of(described("post")), server)
    assert report.footer.alarm is not None
    assert (server.acted, server.gone) == (1, 1)


@pytest.mark.parametrize("act", [remove_one, remove_all])
def test_a_run_stops_after_one_create_that_reaches_another_kind(act: Act) -> None:
    """Of an app with imports that replace all, a run emptied the notes, and told nothing."""
    server = Making("post", act)
    report = run(model_of(described("post")), server)
    alarm = report.footer.alarm
    assert alarm is not None
    assert (server.acted, alarm.count, alarm.verdict) == (1, server.gone, "caused")
    assert not server.changed()


def test_a_row_that_a_create_uses_up_stops_no_run() -> None:
    """No read shows it by its id: a free slot that a booking takes."""
    server = Making("post", remove_one)
    report = run(model_of(described("post", readable=False)), server)
    assert server.gone > 1
    assert report.footer.alarm is None


def rename(server: Themed) -> None:
    """Change what a server may word itself, such as which theme is in use."""
    server.themes = {id: f"{name.split(',')[0]}, in use {server.acted}" for id, name in server.themes.items()}


def show_newest(server: Themed) -> list[Schema]:
    return show(server)[-5:]


def renumber(server: Themed) -> list[Schema]:
    return [{**row, "id": f"at{place}"} for place, row in enumerate(reversed(show(server)))]


def show_no_ids(server: Themed) -> list[Schema]:
    return [{"name": row["name"]} for row in show(server)]


def add_one(server: Themed) -> None:
    server.themes[f"m{len(server.themes)}x"] = f"Made {len(server.themes)}"


def replace_one(server: Themed) -> None:
    """Let an older theme leave the list that a new one comes to, as others go on working."""
    if server.turns % 5 == 0:
        remove_one(server)
        add_one(server)


LEGAL: dict[str, tuple[Act, Act, Shown]] = {
    "nothing": (keep, keep, show),
    "counters": (keep, keep, count_up),
    "what is in use": (rename, keep, show),
    "one more": (add_one, keep, show),
    "the newest": (add_one, keep, show_newest),
    "places for ids": (add_one, keep, renumber),
    "no ids": (keep, keep, show_no_ids),
}


@pytest.mark.parametrize("name", LEGAL)
def test_what_happens_to_other_kinds_anyway_stops_no_run(name: str) -> None:
    server = Themed("post", *LEGAL[name])
    readable = name not in ("places for ids", "no ids")
    report = run(model_of(described("post", readable)), server)
    assert server.acted > 1
    assert report.footer.alarm is None


def test_the_work_of_others_is_no_finding() -> None:
    server = Themed("post", keep, replace_one)
    report = run(model_of(described("post")), server, SHARED_URL)
    assert server.gone
    assert report.exit_code != 1
    assert report.footer.alarm is None or report.footer.alarm.verdict == "others"


def test_a_list_of_each_kind_is_read_once_an_action() -> None:
    server, asked = Themed("post"), list[str]()

    def note(server: Themed) -> None:
        asked.append(server.asked)

    server.by_itself = note
    run(model_of(described("post")), server)
    acts = [n for n, one in enumerate(asked) if one.endswith("/arrange")]
    assert server.acted > 1
    assert sorted(asked[acts[0] + 1 : acts[0] + 3]) == ["GET /notes", "GET /themes"]
    assert not [n for n in acts[1:] if "GET /themes" in asked[n + 1 : n + 3]]


SEATED: Schema = {
    **NOTE,
    "properties": {
        **NOTE["properties"],
        "seat": {"type": ["integer", "null"]},
        "seen": {"type": ["integer", "null"]},
    },
}


class Seats(Notes):
    """A note with a seat takes it from the one that has it; where none is `taken`, reads are counted. A hold
    of another caller's ends by itself at the request that `ends`. Two of the older ones may be `alike`.
    """

    def __init__(self, taken: bool, ends: int = 0, alike: bool = False, days: bool = False) -> None:
        super().__init__()
        self.taken, self.ends, self.turns = taken, ends, 0
        seats = {n: min(n, 19) if alike else n + ends for n in self.notes}
        for n, note in self.notes.items():
            note |= {"seat": f"2026-04-{seats[n]:02}" if days else seats[n], "seen": n}
        self.seats = {n: note["seat"] for n, note in self.notes.items()}

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        self.turns += 1
        if self.turns == self.ends:
            self.notes[7]["seat"] = None
        status, answer = super().answer(method, path, body, given)
        for note in self.notes.values() if not self.taken else ():
            note["seen"] = note.get("seen", 0) + 1
        seat = body.get("seat") if isinstance(body, dict) else None
        if status < 300 and method in ("POST", "PATCH"):
            for note in self.notes.values():
                if self.taken and seat is not None and note.get("seat") == seat:
                    note["seat"] = None
            self.notes[answer["id"]] = answer = {**answer, "seat": seat, "seen": answer.get("seen", 0)}
        return status, answer

    @property
    def lost(self) -> int:
        return sum(self.notes[n]["seat"] != seat for n, seat in self.seats.items())


NUMBER: Schema = {"type": ["integer", "null"], "minimum": 1}
DAY: Schema = {"type": "string", "format": "date", "example": "2026-04-18"}


def seated(seat: Schema = NUMBER, **more: Schema) -> Model:
    described = document({"seat": seat, **more}, {})
    shown = {**SEATED, "properties": {**SEATED["properties"], "seat": seat, **more}}
    paths = described["paths"]
    for at, method, status in (
        ("/notes", "post", "201"),
        ("/notes/{id}", "get", "200"),
        ("/notes/{id}", "patch", "200"),
    ):
        paths[at][method]["responses"][status]["content"]["application/json"]["schema"] = shown
    listed = paths["/notes"]["get"]["responses"]["200"]["content"]["application/json"]
    listed["schema"] = {"type": "array", "items": shown}
    return model_of(described)


@pytest.mark.parametrize("taken", [True, False])
def test_a_number_that_an_older_row_loses_stops_the_run(taken: bool) -> None:
    """Seats of five rows were lost, and nothing was told; what only counts stops no run."""
    server = Seats(taken, alike=True)
    alarm = run(seated(), server).footer.alarm  # type: ignore[arg-type]
    assert (alarm is not None) is taken
    assert server.lost == int(taken)


@pytest.mark.parametrize("ends", [17, 44, 82])
def test_a_number_that_no_write_sent_may_end_by_itself(ends: int) -> None:
    server = Seats(True, ends)
    report = run(seated(), server)  # type: ignore[arg-type]
    assert report.footer.alarm is None
    assert server.notes[7]["seat"] is None
    assert server.turns > ends


@pytest.mark.parametrize("fewer", [False, True])
@pytest.mark.parametrize("seat", [NUMBER, DAY], ids=["number", "day"])
def test_a_place_that_one_older_row_has_is_not_sent(seat: Schema, fewer: bool) -> None:
    """Where no two of the rows have one seat or day, it may be what a server finds them by."""
    server = Seats(True, days=seat is DAY)
    for n in [*server.notes][3:] if fewer else ():
        del server.notes[n], server.seats[n]
    report = run(seated(seat), server)  # type: ignore[arg-type]
    assert report.footer.alarm is None
    assert server.lost == 0
    sent = [body["seat"] for body in server.bodies if isinstance(body.get("seat"), int | str)]
    assert len(sent) > 15
    assert set(sent).isdisjoint(server.seats.values())


class Flagged(Seats):
    """A new note has the flag, and no other one: the tokens before are revoked, or another timer runs."""

    def __init__(self, name: str, others: bool, own: bool) -> None:
        super().__init__(False)
        self.name, self.others, self.own = name, others, own
        for note in self.notes.values():
            note[name] = not others if note["id"] == 7 else own and others

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        if (method, path, status) == ("POST", "/notes", 201):
            for note in self.notes.values():
                note[self.name] = self.own if note["id"] == answer["id"] else self.others
            answer = self.notes[answer["id"]]
        return status, answer


@pytest.mark.parametrize(
    ("name", "others", "own", "told"),
    [
        ("revoked", True, False, True),
        ("is_deleted", True, False, True),
        ("expired", True, False, False),
        ("running", False, True, True),
        ("is_latest", False, True, False),
        ("seen_before", True, False, False),
        ("fresh", False, False, False),
    ],
)
def test_a_flag_that_older_rows_get_or_lose_to_a_new_one_stops_the_run(
    name: str, others: bool, own: bool, told: bool
) -> None:
    """No client sends it, so nothing was told: a new token revoked the five that others had."""
    server = Flagged(name, others, own)
    alarm = run(seated(), server).footer.alarm  # type: ignore[arg-type]
    assert (alarm is not None) is told
    assert not told or len([body for body in server.bodies if "text" in body]) == 1


class Ranked(Seats):
    """A new note comes first, and the others move down."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        if (method, path, status) == ("POST", "/notes", 201):
            for note in self.notes.values():
                note["seat"] = 1 if note["id"] == answer["id"] else (note["seat"] or 0) + 1
            answer = self.notes[answer["id"]]
        return status, answer


def test_a_rank_that_older_rows_lose_is_named() -> None:
    """The ranks of all notes moved with each new one, and nothing was told."""
    server = Ranked(False, alike=True)
    notes = run(seated(), server).footer.notes  # type: ignore[arg-type]
    moved = [note for note in notes if note.startswith("there before this run, with other numbers now: ")]
    assert server.lost > 10
    assert len(moved) == 1
    assert "note 1 (seat: 1, now " in moved[0]


class Cells(Seats):
    """A note takes the cell of the one that has its column and seat; four of the older ones share each."""

    def __init__(self, column: str) -> None:
        super().__init__(False)
        self.column = column
        columns: list[Any] = ["a", "b", "c", "d", "e"] if column == "line" else [1, 2, 3, 4, 5]
        for n, note in self.notes.items():
            note |= {"seat": (n - 1) % 4 + 1, column: columns[(n - 1) // 4]}
        self.seats = {n: note["seat"] for n, note in self.notes.items()}

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        if status < 300 and method in ("POST", "PATCH") and isinstance(body, dict):
            own = self.notes[answer["id"]] = answer = {**answer, self.column: body.get(self.column)}
            for n, note in self.notes.items():
                if n != own["id"] and (note["seat"], note.get(self.column)) == (
                    own["seat"],
                    own[self.column],
                ):
                    note["seat"] = None
        return status, answer


@pytest.mark.parametrize("column", ["row", "line"])
def test_a_place_that_two_members_tell_is_not_that_of_an_older_row(column: str) -> None:
    """A cell was found by row and column, a price by currency and quantity: each number alone comes again."""
    schema = {"type": "string", "enum": ["a", "b", "c", "d", "e"]} if column == "line" else NUMBER
    server = Cells(column)
    report = run(seated(NUMBER, **{column: schema}), server)  # type: ignore[arg-type]
    assert report.footer.alarm is None
    assert server.lost == 0
    sent = {body["seat"] for body in server.bodies if isinstance(body.get("seat"), int) and column in body}
    assert len(sent) > 1


class Refilled(Notes):
    """A create takes a list, and keeps nothing else."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if (method, path) != ("POST", "/notes"):
            return super().answer(method, path, body, given)
        if not isinstance(body, list) or not all(isinstance(one, dict) and one.get("text") for one in body):
            return 400, {"error": "bad"}
        self.notes = {}
        return 201, [super(Refilled, self).answer(method, path, one, given)[1] for one in body]


def test_a_list_of_a_whole_page_that_is_emptied_stops_the_run() -> None:
    """Twenty rows might be a page of more, and no read showed one: nothing was told of the rest."""
    told = document({}, {})
    made = told["paths"]["/notes"]["post"]
    content = made["requestBody"]["content"]["application/json"]
    content["schema"] = {"type": "array", "minItems": 1, "items": content["schema"]}
    made["responses"]["201"]["content"]["application/json"]["schema"] = {"type": "array", "items": NOTE}
    server = Refilled()
    report = run(model_of(told), server)  # type: ignore[arg-type]
    assert server.changed()
    alarm = report.footer.alarm
    assert alarm is not None
    assert (alarm.verdict, alarm.calls[0].action, report.exit_code) == ("caused", "create_note", 1)


KINDS = ["notes", "tags", "boards", "users", "cards", "files", "hooks", "teams", "plans", "rooms"]


class Kinds:
    """Ten kinds of rows, each like the notes."""

    def __init__(self) -> None:
        self.kinds = {kind: Notes() for kind in KINDS}
        self.listed = 0

    def __call__(self, request: Request) -> Response:
        kind, slash, rest = request.target.removeprefix("/").partition("/")
        self.listed += request.method == "GET" and not slash
        if kind.partition("?")[0] not in self.kinds:
            return Response(404, (("Content-Type", "application/json"),), b'{"error": "none"}')
        notes = kind.replace(kind.partition("?")[0], "/notes")
        return self.kinds[kind.partition("?")[0]](replace(request, target=f"{notes}{slash}{rest}"))


def test_a_bounded_run_spends_a_tenth_on_the_lists_of_other_kinds() -> None:
    """Of 300 requests for twelve kinds, half read lists after the first create of each."""
    described, text = document({}, {}), json.dumps(document({}, {})["paths"])
    for kind in KINDS:
        described["paths"] |= json.loads(text.replace("notes", kind).replace("note", kind.removesuffix("s")))
    server = Kinds()
    run(model_of(described), server, max_requests=250)  # type: ignore[arg-type]
    assert all(not notes.changed() for notes in server.kinds.values())
    assert sum(notes.last - 20 for notes in server.kinds.values()) > 20
    assert server.listed < 250 * 2 // 5


class Rates(Notes):
    """There is one rate a currency: a create takes the place of the older one, under another id."""

    def __init__(self) -> None:
        super().__init__()
        codes = ("EUR", "USD", "GBP", "JPY")
        self.notes = {n: {"id": n, "text": code} for n, code in enumerate(codes, 1)}

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        if method == "POST" and status == 201:
            self.notes = {
                n: note for n, note in self.notes.items() if n == self.last or note["text"] != answer["text"]
            }
        return status, answer


def test_what_takes_the_place_of_an_older_row_with_its_texts_is_no_such_row() -> None:
    """It was taken for the older row under another id: a rate of others was gone, and nothing was told."""
    told = document({}, {})
    code = {"type": "string", "minLength": 3, "maxLength": 3, "pattern": "^[A-Z]{3}$", "example": "EUR"}
    for path, method in (("/notes", "post"), ("/notes/{id}", "patch")):
        sent = told["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
        sent["properties"]["text"] = code
    server = Rates()
    alarm = run(model_of(told), server).footer.alarm  # type: ignore[arg-type]
    assert alarm is not None
    assert alarm.calls[0].action == "create_note"
    assert {1, 2, 3, 4} - server.notes.keys() == {1}


class Shelved(Notes):
    """Notes of others are found, and have parts. What removes a part may take its note along, or add one to
    what the note counts.
    """

    def __init__(self, takes: bool) -> None:
        super().__init__()
        self.takes, self.parts = takes, dict[int, dict[str, Any]]()

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        _, _, id, *rest = f"{path}/".rstrip("/").split("/") + [""] * (path == "/notes")
        if not rest:
            return super().answer(method, path, body, given) if method == "GET" else (405, {})
        part, text = int(rest[1]) if rest[1:] and rest[1].isdigit() else 0, given.get("text")
        if not id.isdigit() or int(id) not in self.notes or (rest[1:] and part not in self.parts):
            return 404, {"error": "none"}
        if method == "GET":
            return 200, self.parts[part] if part else [*self.parts.values()]
        if method == "POST" and not part:
            if not isinstance(text, str) or not 0 < len(text) <= 200:
                return 400, {"error": "bad"}
            self.last += 1
            self.parts[self.last] = {"id": self.last, "text": text}
            return 201, self.parts[self.last]
        if method != "DELETE" or not part:
            return 405, {"error": "method"}
        del self.parts[part]
        if self.takes:
            del self.notes[int(id)]
        else:
            self.notes[int(id)]["text"] += "'"
        return 204, None


def shelves() -> Schema:
    """The document of `Shelved`."""
    told = document({}, {})
    paths, whole = told["paths"], told["paths"]["/notes/{id}"]
    at = {**whole["get"]["parameters"][0], "name": "note_id"}
    paths["/notes/{note_id}/parts"] = {
        "get": {**paths["/notes"]["get"], "operationId": "list_parts", "parameters": [at]},
        "post": {**paths["/notes"].pop("post"), "operationId": "create_part", "parameters": [at]},
    }
    part = {**at, "name": "part_id"}
    paths["/notes/{note_id}/parts/{part_id}"] = {
        "get": {**whole["get"], "operationId": "get_part", "parameters": [at, part]},
        "delete": {**whole["delete"], "operationId": "delete_part", "parameters": [at, part]},
    }
    paths["/notes/{note_id}"] = {"get": {**whole["get"], "parameters": [at]}}
    del paths["/notes/{id}"]
    return told


@pytest.mark.parametrize("takes", [True, False])
def test_a_found_row_that_goes_with_a_part_of_it_stops_the_run(takes: bool) -> None:
    """A team of others went with the first task, and the run ended with exit 0: as it used the team, the team
    might change.
    """
    server = Shelved(takes)
    report = run(model_of(shelves()), server)  # type: ignore[arg-type]
    assert server.last >= 22
    alarm = report.footer.alarm
    assert (alarm is not None) is takes
    assert len(server.notes) == 20 - takes
    if alarm is not None:
        assert alarm.calls[0].action == "delete_part"
    changed = [n for n in report.footer.notes if n.startswith("found and used by this run, and changed: ")]
    assert bool(changed) is not takes


class Tickets(Shelved):
    """A part closes its note, or gives it its text. What does so at no end `reopens` it."""

    def __init__(self, member: str, reopens: bool = False) -> None:
        super().__init__(takes=False)
        self.member, self.reopens = member, reopens
        for note in self.notes.values():
            note["state"] = "open"

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        status, answer = super().answer(method, path, body, given)
        note = self.notes[int(path.split("/")[2])] if "/parts" in path and status < 300 else {}
        if method == "POST" and note:
            note[self.member] = "closed" if self.member == "state" else answer["text"]
        if method == "DELETE" and note:
            note["text"] = note["text"].rstrip("'")
            note["state"] = "open" if self.reopens else note["state"]
        return status, answer


@pytest.mark.parametrize(
    ("member", "reopens", "told"),
    [
        ("state", False, 'note 1 (state: "open", now "closed")'),
        ("state", True, ""),
        ("text", False, 'note 1 (text: "mine 1", now "pgv-'),
    ],
)
def test_a_found_row_that_a_part_of_it_changes_is_named(member: str, reopens: bool, told: str) -> None:
    """`POST /tickets/{id}/closures` closed a ticket of others, and nothing was told."""
    described = shelves()
    row = described["paths"]["/notes/{note_id}"]["get"]["responses"]["200"]["content"]["application/json"]
    row["schema"] = {**NOTE, "properties": {**NOTE["properties"], "state": {"type": "string"}}}
    report = run(model_of(described), Tickets(member, reopens))  # type: ignore[arg-type]
    notes = [n.partition(", and changed: ")[2] for n in report.footer.notes if ", and changed: " in n]
    assert len(notes) == bool(told)
    assert not told or notes[0].startswith(told)


USED = """
pgagents: 1
openapi: ./doc.json
resources:
  note: {id: id, found_by: {action: list_notes}, read_by: {action: get_note, input: {note_id: =resource.id}}}
  part:
    id: id
    within: note
    made_by: {action: create_part, input: {note_id: =note.id, text: =fresh.text}}
    read_by: {action: get_part, input: {note_id: =note.id, part_id: =resource.id}}
    undone_by: {action: delete_part, input: {note_id: =note.id, part_id: =resource.id}}
"""


@pytest.mark.parametrize("takes", [True, False])
def test_a_found_row_that_an_author_lets_the_run_use_is_named_when_it_goes(
    takes: bool, tmp_path: Path
) -> None:
    """A booking may use up a place that it found, so nothing stops; but a team went, and nothing named it."""
    (tmp_path / "doc.json").write_text(json.dumps(shelves()))
    (tmp_path / "notes.yaml").write_text(USED)
    server = Shelved(takes)
    report = run(load_path(tmp_path / "notes.yaml"), server)  # type: ignore[arg-type]
    assert report.footer.alarm is None
    gone = [f"note {n}" for n in range(1, 21) if n not in server.notes]
    assert len(gone) == takes
    told = [note.partition(": ")[2] for note in report.footer.notes if "in the list no more" in note]
    assert told == gone
