"""The file of a journal: what it takes, what it refuses in one message, and what a cut end of it means."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.errors import PgagentsError
from pgagents.verify.run import journal, recorder
from pgagents.verify.run.journal import JournalFile, read_key

TARGET, API, KEY = "http://127.0.0.1:8000", "notes", bytes(range(32))
RUN = {"run": "0123456789abcdef", "at": "2026-11-26T10:00:00Z", "pid": 42}
SEND = {
    "send": 1, "at": "", "action": "create_note", "surface": "rest", "method": "POST", "path": "/notes",
    "role": "main", "owner": "main", "input": {"text": "pgv-0123456789abcdef-1"}, "marked": ["text"],
    "whole": True, "marks": 1,
}  # fmt: skip
MADE = {
    "made": 2, "by": 1, "resource": "note", "id": "n1", "place": "", "role": "main",
    "body": {"id": "n1", "text": "pgv-0123456789abcdef-1"}, "state": None, "could": [], "up": 0, "refers": [],
    "ours": True,
}  # fmt: skip
KIND = {
    "kind": "note", "made": [["", "n1"]], "read": 1, "independent": ["text"], "problem": "", "removed": False,
}  # fmt: skip


def opened(path: Path, target: str = TARGET, api: str = API) -> JournalFile:
    return JournalFile(path, target, api, KEY)


def written(path: Path, *lines: Any) -> Path:
    """A journal with these lines, closed."""
    file = opened(path)
    for line in lines:
        file.write(line)
    file.close()
    return path


def refused(path: Path, *, target: str = TARGET) -> str:
    with pytest.raises(PgagentsError) as raised:
        opened(path, target)
    assert raised.value.exit_code == 2
    assert raised.value.help
    return raised.value.message


def test_a_journal_gives_back_what_is_open(tmp_path: Path) -> None:
    path = written(tmp_path / "j", RUN, SEND, MADE, {"done": 1, "made": True}, KIND)
    file = opened(path)
    past = file.past
    assert (past.tags, past.sent, past.last) == ([RUN["run"]], {}, 2)
    assert past.made[2].id == "n1"
    assert past.makers[1].input == SEND["input"]
    assert past.kinds["note"]["made"] == [("", "n1")]
    assert file.next_number() == 3
    file.close()


UNDONE, DONE = {"done": 1, "made": False}, {"done": 1, "made": True}


@pytest.mark.parametrize(
    ("ends", "is_open"),
    [
        ([], True),
        ([UNDONE], False),
        ([MADE, DONE], True),
        ([MADE, DONE, {"gone": 2}], False),
        ([{"left": 1}], False),
    ],
)
def test_what_is_done_and_gone_is_not_open(ends: list[Any], is_open: bool, tmp_path: Path) -> None:
    file = opened(written(tmp_path / "j", RUN, SEND, *ends))
    assert file.past.is_open is is_open
    file.close()


@pytest.mark.parametrize("cut", [1, 2, 30])
def test_a_last_line_that_was_cut_is_skipped(cut: int, tmp_path: Path) -> None:
    """`kill -9` may come in the middle of a line; the next line must not continue it."""
    path = written(tmp_path / "j", RUN, SEND, MADE)
    path.write_bytes(path.read_bytes()[:-cut])
    file = opened(path)
    assert (list(file.past.sent), file.past.made) == ([1], {})
    file.write(UNDONE)
    file.close()
    file = opened(path)
    assert not file.past.is_open
    file.close()


def test_a_first_line_that_was_cut_begins_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    path.write_bytes(path.read_bytes()[:25])
    opened(path).close()
    assert path.read_bytes().endswith(b"}\n")


def test_lines_that_were_joined_are_refused_and_not_lost(tmp_path: Path) -> None:
    path = written(tmp_path / "j", RUN, SEND, MADE)
    joined = path.read_bytes().replace(b"\n", b"")
    path.write_bytes(joined)
    assert "goes on behind its seal" in refused(path)
    assert path.read_bytes() == joined


def test_a_line_in_the_middle_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "j", RUN, SEND, MADE)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2][:40] + b"\n", *lines[3:]]))
    assert "line 3 is none of a journal" in refused(path)


def other_lines(path: Path) -> list[bytes]:
    """The lines of another journal of the same user, about the same server."""
    return written(path.with_name("other"), RUN, SEND, MADE).read_bytes().splitlines(keepends=True)


FORGED = {
    "unsealed": lambda lines, _: [*lines, json.dumps(KIND).encode() + b"\n"],
    "changed": lambda lines, _: [*lines[:3], lines[3].replace(b'"n1"', b'"n2"')],
    "swapped": lambda lines, _: [*lines[:2], lines[3], lines[2]],
    "left out": lambda lines, _: [*lines[:2], lines[3]],
    "twice": lambda lines, _: [*lines, lines[3]],
    "of another journal": lambda lines, other: [*lines[:2], *other[2:]],
    "the head of another": lambda lines, other: [other[0], *lines[1:]],
}


@pytest.mark.parametrize("how", FORGED)
def test_a_line_without_a_seal_of_its_place_is_refused_and_the_file_left_as_it_is(
    how: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "j", RUN, SEND, MADE)
    lines = FORGED[how](path.read_bytes().splitlines(keepends=True), other_lines(path))
    path.write_bytes(b"".join(lines))
    path.chmod(0o644)
    assert "seal" in refused(path)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"".join(lines), 0o644)


def test_lines_from_before_a_journal_was_emptied_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "j", RUN, SEND, MADE)
    before = path.read_bytes().splitlines(keepends=True)[1:]
    file = opened(path)
    file.empty()
    file.close()
    path.write_bytes(path.read_bytes() + b"".join(before))
    assert "line 2 is none of a journal" in refused(path)


def test_a_journal_of_another_user_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "j", RUN)
    with pytest.raises(PgagentsError, match="its seal is not one of your key"):
        JournalFile(path, TARGET, API, bytes(32))


def test_the_key_is_made_once_and_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    key, path = read_key(), tmp_path / "state" / "pgagents" / "journal.key"
    assert (len(key), read_key()) == (32, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["journal.key"]


@pytest.mark.parametrize("how", ["mode", "link", "dangling", "short", "long", "folder", "pipe", "no folder"])
def test_a_key_that_others_may_know_is_refused_in_one_message(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "pgagents" / "journal.key"
    read_key()
    if how == "mode":
        path.chmod(0o640)
    elif how in ("short", "long"):
        path.write_bytes(bytes(31 if how == "short" else 33))
    elif how == "no folder":
        monkeypatch.setenv("XDG_STATE_HOME", str(path))
    else:
        path.rename(tmp_path / "key")
        if how == "folder":
            path.mkdir()
        elif how == "pipe":
            os.mkfifo(path, 0o600)
        else:
            path.symlink_to(tmp_path / ("key" if how == "link" else "none"))
    with pytest.raises(PgagentsError) as raised:
        read_key()
    assert raised.value.exit_code == 2
    assert "journal.key" in raised.value.message
    assert raised.value.help
    assert not (tmp_path / "none").exists()


WRONG = [
    {"send": 1}, {**SEND, "input": []}, {**SEND, "marks": -1}, {**SEND, "role": 1}, {**SEND, "send": True},
    {**MADE, "id": ""}, {**MADE, "id": None}, {**MADE, "id": "x" * 1_000}, {**MADE, "body": None},
    {**MADE, "ours": 1}, {"run": "x"}, {"gone": "2"}, {"unknown": 1}, {}, {**KIND, "made": [1]},
]  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_a_line_that_is_none_is_refused(line: Any, tmp_path: Path) -> None:
    path = written(tmp_path / "j", RUN, line)
    assert "line 3 is none of a journal" in refused(path)


@pytest.mark.parametrize("text", [b"hello", b"hello\n", b"{}\n", b'{"pgagents_journal":2}\n', b"\0" * 100])
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(text)
    assert str(path) in refused(path)
    assert path.read_bytes() == text


def test_another_server_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "j", RUN)
    assert f"is about notes at {TARGET}" in refused(path, target="https://api.example.com")


def test_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "j", RUN, SEND, MADE)
    monkeypatch.setattr(journal, "MOST_BYTES", 100)
    assert "at most 100 are read" in refused(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(written(tmp_path / "j"))
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "no" / "j", tmp_path / "link"):
        assert "cannot write the journal" in refused(path)


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    opened(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_journal_in_use_is_refused_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "j"
    file = opened(path)
    file.write({**RUN, "pid": os.getpid()})
    code = (
        "import sys; from pathlib import Path; from pgagents.verify.run.journal import JournalFile\n"
        f"try: JournalFile(Path(sys.argv[1]), {TARGET!r}, {API!r}, bytes(32))\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=600
    )
    assert f"is in use by process {os.getpid()}" in done.stdout
    file.close()


def test_an_emptied_journal_has_its_first_line(tmp_path: Path) -> None:
    path = written(tmp_path / "j", RUN, SEND)
    file = opened(path)
    file.empty()
    assert file.next_number() == 2
    file.close()
    assert path.read_bytes().count(b"\n") == 1


def test_a_full_journal_takes_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = opened(tmp_path / "j")
    monkeypatch.setattr(journal, "MOST_BYTES", 150)
    with pytest.raises(OSError, match="more than 150 bytes"):
        file.write(SEND)
    file.close()


@pytest.mark.parametrize("more", [0, 1])
def test_what_is_written_is_what_is_read(more: int) -> None:
    """An id that is one character too long would have the next run refuse the whole journal."""
    id, place = "a" * (journal.MOST_TEXT + more), "b" * (journal.MOST_PLACE + more)
    assert recorder._is_short("", id) is (not more)
    assert recorder._is_short(place, "a") is (not more)
    refused = pytest.raises(ValueError, match=r"^$") if more else nullcontext()
    with refused:
        journal._id(id)
    with refused:
        journal._text(place, journal.MOST_PLACE)
