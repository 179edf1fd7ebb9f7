"""A run is killed at any request; a later run with the same journal removes what it made, and nothing else.

Ids come again on some of these servers; creates answer an older instance or get no answer; lists lag behind.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from harm.runs import harms, run, server_of
from harm.servers.base import Answer, Items, Server
from lengths import MATRIX
from pgagents.base.http import Request, Response
from pgagents.report.report import Report
from pgagents.verify.fixtures.proof import Proof
from pgagents.verify.run.journal import MOST_TEXT, JournalFile
from pgagents.verify.run.recorder import Recorder

NAMES = (
    "bare",
    "integer_ids",
    "reused_ids",
    "reused_by_others",
    "get_or_create",
    "timeout_create",
    "crash_create",
    "lagging_list",
    "nested",
    "composite",
    "copies",
    "chosen_ids",
    "upsert_email",
    "upsert_account",
    "tenants",
    "soft_delete",
    "delete_202",
    "renames",
    "hooks",
    "unique_title",
    "neighbour",
    "largest_ids",
)
STEP = 5
"""The matrix kills a run at one of so many requests."""
WHOLE = 6
"""After one of so many kills the next run is whole."""
MAKES = 6
"""A request of `bare` that makes something."""


class Killed(BaseException):
    """Stands for `kill -9`: nothing that the run does afterwards has any effect."""


class Killing:
    """Sends a run's requests to a server, and kills the run at one: before it arrives, or before its answer.

    From then on nothing arrives, and nothing is written into the journal.
    """

    def __init__(self, server: Server, at: int, file: JournalFile, *, before: bool) -> None:
        self.server, self.at, self.file, self.before = server, at, file, before
        self.count = 0

    def __call__(self, request: Request) -> Answer:
        self.count += 1
        if self.count > self.at or (self.count == self.at and self.before):
            self._die()
        answer = self.server(request)
        if self.count == self.at:
            self._die()
        return answer

    def _die(self) -> None:
        self.file.write = lambda *_, **__: None  # type: ignore[method-assign]
        raise Killed


def open_journal(folder: Path, name: str) -> JournalFile:
    return JournalFile(folder / "journal", "http://127.0.0.1:1", name, bytes(32))


def kill(name: str, server: Server, at: int, folder: Path, *, before: bool, **options: Any) -> bool:
    """Run until the request with this number. Return False if the run ended before it."""
    file = open_journal(folder, name)
    try:
        run(name, server, handler=Killing(server, at, file, before=before), journal=file, **options)
    except Killed:
        return True
    finally:
        file.close()
    return False


def go_on(name: str, server: Server, folder: Path, **options: Any) -> Report:
    file = open_journal(folder, name)
    try:
        return run(name, server, journal=file, seed=1, **options)
    finally:
        file.close()


def named(report: Report, row: Mapping[str, Any]) -> bool:
    """True if a report says that a row was left."""
    said = " ".join((*report.footer.notes, *report.footer.left_behind, *report.footer.may_exist))
    return any(str(value) in said for value in row.values() if isinstance(value, str | int))


def check(name: str, at: int, folder: Path, *, before: bool) -> bool:
    """Kill a run, run again, and compare. Return False if the first run ended before that request."""
    folder.mkdir()
    server = server_of(name)
    if not kill(name, server, at, folder, before=before):
        return False
    report = go_on(name, server, folder)
    assert harms(server) == []
    left = [(table, row) for table, row in server.left() if not named(report, row)]
    assert left == [], (at, before, report.footer.notes)
    return True


FEW = [
    ("bare", 12),
    ("get_or_create", 20),
    ("timeout_create", 15),
    ("integer_ids", 30),
    ("nested", 40),
    ("lagging_list", 36),
    ("copies", 61),
]


@pytest.mark.parametrize(("name", "at"), FEW)
@pytest.mark.parametrize("before", [False, True])
def test_what_a_killed_run_made_is_gone_after_the_next_one(
    name: str, at: int, before: bool, tmp_path: Path
) -> None:
    assert check(name, at, tmp_path / "run", before=before)


@pytest.mark.parametrize("name", [pytest.param(name, marks=MATRIX) for name in NAMES])
def test_a_run_may_be_killed_at_any_request(name: str, tmp_path: Path) -> None:
    """A run that is killed leaves what server and journal have at that moment, so one run shows every moment.

    At most moments the next run only looks into a list; at some it is whole.
    """
    moments = list(_list_moments(name, tmp_path))
    assert len(moments) > 2
    for number, (server, folder) in enumerate(moments):
        only = () if number % WHOLE == 0 else ("valid_calls/example",)
        report = go_on(name, server, folder, only=only)
        assert harms(server) == []
        left = [(table, row) for table, row in server.left() if not named(report, row)]
        assert left == [], (folder.name, report.footer.notes)


def _list_moments(name: str, folder: Path) -> Iterator[tuple[Server, Path]]:
    """Copies of the server and of its journal at one of `STEP` requests, before it arrives and after; none
    where both are as at an earlier one, as before a read and after it.
    """
    server, file, kept = server_of(name), open_journal(folder, name), []
    states: set[tuple[bytes, bytes]] = set()

    def keep(when: str) -> None:
        state = _state_of(server), (folder / "journal").read_bytes()
        if state in states:
            return
        states.add(state)
        place = folder / f"{len(server.log)} {when}"
        place.mkdir()
        shutil.copy(folder / "journal", place)
        kept.append((server.copied(), place))

    def handler(request: Request) -> Answer:
        chosen = next(numbers) % STEP == 0
        if chosen:
            keep("before")
        answer = server(request)
        if chosen:
            keep("after")
        return answer

    numbers = count()
    run(name, server, handler=handler, journal=file)
    file.close()
    yield from kept


def _state_of(server: Server) -> bytes:
    """All that decides what a server answers. Its time does where something happens by itself."""
    passive = type(server).tick is Server.tick
    beside = {"_lock", "_routes", "log", *(["now"] if passive else [])}
    return pickle.dumps({name: value for name, value in vars(server).items() if name not in beside})


@pytest.mark.parametrize("length", [30, 500])
def test_a_changed_row_and_a_long_text_keep_the_mark_by_which_the_next_run_removes_them(
    length: int, tmp_path: Path
) -> None:
    name, few = "put_undeclared", ("hint_idempotent/rename_item",)
    server = server_of(name)
    run(name, server, only=few)
    bodies = [e.body for e in server.log if e.method == "PUT" and e.status == 200 and b"pgv-" in e.body]
    assert bodies.count(bodies[-1]) > 1  # a change that is sent again stays equal
    last = max(e.number for e in server.log if e.body == bodies[-1])
    server = server_of(name)
    assert kill(name, server, last, tmp_path, before=False, only=few)
    assert server.left()
    for _, row in server.left():
        row["title"] = row["title"].ljust(length, "x")
    go_on(name, server, tmp_path, only=("valid_calls/list_items",))
    assert server.left() == []


def test_verdicts_are_those_of_a_run_that_nothing_disturbed(tmp_path: Path) -> None:
    name = "bare"
    server = server_of(name)
    assert kill(name, server, 25, tmp_path, before=False)
    report, undisturbed = go_on(name, server, tmp_path), run(name, server_of(name), seed=1)
    verdicts = [{r.contract.id: r.verdict for r in one.results} for one in (report, undisturbed)]
    assert verdicts[0] == verdicts[1]


def test_a_run_that_ended_by_itself_leaves_nothing_to_the_next_one(tmp_path: Path) -> None:
    name = "bare"
    server = server_of(name)
    assert not kill(name, server, 10_000, tmp_path, before=False)
    file = open_journal(tmp_path, name)
    assert not file.past.is_open
    file.close()
    assert not [note for note in go_on(name, server, tmp_path).footer.notes if "journal" in note]


@pytest.mark.parametrize("options", [{}, {"allow_writes": False}], ids=["refused", "not allowed"])
def test_what_cannot_be_removed_is_named_with_the_reason_and_kept_for_the_next_run(
    options: dict[str, Any], tmp_path: Path
) -> None:
    """The list that the removal reads has them already, which must not pass for the list before a create."""
    name, few = "nested", ("valid_calls/list",)
    server = server_of(name)
    assert kill(name, server, 25, tmp_path, before=False)
    held = server.left()
    for _ in range(2):
        report = go_on(name, server, tmp_path, handler=lambda r: refuse(server, r), only=few, **options)
        (note,) = (note for note in report.footer.notes if "journal" in note)
        assert "0 removed, 0 gone already" in note
        assert all(named(report, row) for _, row in held), note
        assert options or note.count("answered 503") == len(held), note
        assert server.left() == held
    report = go_on(name, server, tmp_path, only=few)
    assert f"{len(held)} removed, 0 gone already, 0 left" in " ".join(report.footer.notes)
    assert server.left() == []


def refuse(server: Server, request: Request) -> Answer:
    """Answer as the server does, but remove nothing."""
    return Response(503) if request.method == "DELETE" else server(request)


@pytest.mark.parametrize("at", [12, 10_000], ids=["killed", "whole"])
def test_what_has_an_id_too_long_for_a_journal_is_removed_by_the_next_run_too(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Items.new_id
    monkeypatch.setattr(Items, "new_id", lambda self: f"{short(self)}{'x' * MOST_TEXT}")
    server = server_of("bare")
    assert kill("bare", server, at, tmp_path, before=False) is bool(server.left())
    go_on("bare", server, tmp_path, only=("valid_calls/list_items",))
    assert (server.left(), harms(server)) == ([], [])


# -- faults of the journal itself


@pytest.mark.parametrize("noted", [True, False])
def test_what_was_made_is_removed_by_the_line_before_the_request(
    noted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without that line a next run sees in a grown list at most that something stayed."""
    if not noted:
        monkeypatch.setattr(Recorder, "note_intention", lambda *_: 0)
    server = server_of("bare")
    assert kill("bare", server, MAKES, tmp_path, before=False)
    go_on("bare", server, tmp_path)
    assert (server.left() == []) is noted


def test_an_instance_that_is_taken_for_the_own_one_unread_would_be_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof by mark or members is what protects it."""
    monkeypatch.setattr(Proof, "is_still_same", lambda *_: True)
    name = "integer_ids"
    server, other = server_of(name), server_of(name)
    assert kill(name, server, 30, tmp_path, before=False)
    for table, row in server.left():
        other.tables[table][row["id"]] = {**row, "title": "of somebody else"}
    other.guard_all()
    go_on(name, other, tmp_path, only=("valid_calls/list_items",))
    assert harms(other)


def test_a_line_about_what_is_somebody_elses_removes_nothing(tmp_path: Path) -> None:
    """The journal of a server that was filled anew: another row has the id, without the mark."""
    name = "integer_ids"
    server = server_of(name)
    assert kill(name, server, 30, tmp_path, before=False)
    other = server_of(name)
    for table, row in server.left():
        other.tables[table][row["id"]] = {**row, "title": "of somebody else"}
    guarded = other.guard_all()
    assert guarded
    unanswered = 0
    for _ in range(2):  # what the first of them read must not pass for its own either
        report = go_on(name, other, tmp_path, only=("valid_calls/list_items",))
        assert harms(other) == []
        said = " ".join(report.footer.notes)
        unanswered += said.count("what calls without an answer may have made")  # looked for once, by its mark
        assert f"{len(server.left()) - unanswered} left" in said
