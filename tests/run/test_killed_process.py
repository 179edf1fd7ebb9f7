"""`pgagents verify --journal` as a process: killed, interrupted, in lanes, in shards, and of a document."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from counted_server import CATALOGUES, TIMEOUT_S, Counted, counted, start, verdicts
from lengths import rarely

ENDED = {"cancelled", "expired"}
"""States of instances that are left for good, because nothing removes them further."""


def verify(
    name: str,
    server: Counted,
    url: str,
    folder: Path,
    *more: str,
    at: int | None = None,
    by: int = 0,
    document: Path | None = None,
) -> tuple[int, str, Path]:
    """Verify with the folder's journal, and send the process a signal at a request.

    Return the exit code, all that was printed, and the report's file.
    """
    report = folder / "report.json"
    processes: list[subprocess.Popen[str]] = []

    def end() -> None:
        while not processes:
            time.sleep(0.01)
        if by == signal.SIGKILL:
            os.killpg(processes[0].pid, by)
            processes[0].wait(TIMEOUT_S)
        else:
            processes[0].send_signal(by)

    server.expect(at, end)
    given = ("--allow-writes", "--journal", str(folder / "journal"), "--report", str(report), *more)
    processes.append(start(name, server, url, folder, *given, document=document))
    shown, errors = processes[0].communicate(timeout=TIMEOUT_S)
    return processes[0].returncode, shown + errors, report


def removable(server: Counted, lasting: frozenset[str]) -> dict[str, Any]:
    """Return what a server holds, without what no call removes."""
    return {
        id: row
        for id, row in server.count_rows().items()
        if id.split(" ")[0] not in lasting and (row is None or row.get("state") not in ENDED)
    }


def list_notes(report: Path) -> list[str]:
    notes = json.loads(report.read_text())["footer"]["notes"]
    return [note for note in notes if "journal" in note]


NOTES, LIBRARY = frozenset[str](), frozenset({"patron"})
PAYMENTS = frozenset({"customer", "payment", "payment_intent", "refund", "report_run", "event", "charge"})
KILLS = [
    ("notes", 25, False, ()),
    ("notes", 2, True, ()),
    ("notes", 60, True, ("--workers", "8")),
    ("notes", 140, False, ()),
    ("library", 100, False, ("--workers", "8")),
    ("library", 200, True, ("--shard", "2/2")),
    ("payments", 200, False, ()),
]
"""Catalogue, the request at which the run is killed, whether before its effect, and options."""
LASTING = {"notes": NOTES, "library": LIBRARY, "payments": PAYMENTS}


@pytest.mark.parametrize(("name", "at", "before", "more"), rarely(KILLS, KILLS[0]))
def test_the_next_run_removes_what_a_killed_one_left(
    name: str, at: int, before: bool, more: tuple[str, ...], tmp_path: Path
) -> None:
    with counted(name, before=before) as (server, url):
        first = removable(server, LASTING[name])
        code, shown, _ = verify(name, server, url, tmp_path, *more, at=at, by=signal.SIGKILL)
        assert code == -signal.SIGKILL, shown
        code, shown, report = verify(name, server, url, tmp_path, *more)
        assert code in (0, 1, 3), shown
        after = removable(server, LASTING[name])
    left = after.keys() - first.keys()
    assert not any("pgv-" in json.dumps(after[name]) for name in left), list_notes(report)
    # nothing tells what has no mark, such as a workflow's note, from somebody else's: it is named
    said = " ".join(list_notes(report))
    assert [name for name in left if name.split(" ")[-1] not in said] == []
    (tmp_path / "alone").mkdir()
    with counted(name) as (server, url):
        _, _, alone = verify(name, server, url, tmp_path / "alone", *more)
        undisturbed = removable(server, LASTING[name])
    assert first.keys() - after.keys() == first.keys() - undisturbed.keys()  # some end by themselves
    if not LASTING[name]:  # what nothing removes may fill lists and places that the next run needs
        assert verdicts(report) == verdicts(alone)


@pytest.mark.matrix
@pytest.mark.parametrize("at", range(1, 150, 50))
def test_a_run_of_notes_may_be_killed_anywhere(at: int, tmp_path: Path) -> None:
    """`tests/harm/test_journal.py` has many more moments, without a process for each."""
    with counted("notes") as (server, url):
        first = server.count_rows()
        verify("notes", server, url, tmp_path, at=at, by=signal.SIGKILL)
        code, shown, report = verify("notes", server, url, tmp_path)
        assert code == 0, shown
        left = [row for name, row in server.count_rows().items() if name not in first]
        assert not any("pgv-" in json.dumps(row) for row in left)
        # nothing tells a note without a mark from somebody else's, so it stays and is named by its id
        said = " ".join(list_notes(report))
        assert [row for row in left if f"note {row['id']}" not in said] == []
        assert json.loads(report.read_text())["footer"]["left_behind"] == []


@pytest.mark.matrix
def test_a_run_that_is_interrupted_undoes_its_own(tmp_path: Path) -> None:
    with counted("notes") as (server, url):
        first = server.count_rows()
        code, shown, _ = verify("notes", server, url, tmp_path, at=60, by=signal.SIGINT)
        assert (code, server.count_rows()) == (130, first), shown
        code, shown, report = verify("notes", server, url, tmp_path)
        assert code == 0, shown
        # a create may have been under way
        assert [one for one in list_notes(report) if "0 removed, 0 gone already, 0 left" not in one] == []


@pytest.mark.matrix
def test_the_run_of_a_document_keeps_a_journal_too(tmp_path: Path) -> None:
    """Without leave to write, the next run removes nothing, and names what is left; with it, all goes that
    has the run's mark, and the rest is named.
    """
    notes, built = CATALOGUES / "notes.yaml", tmp_path / "built"
    build = [
        sys.executable,
        "-m",
        "pgagents",
        "build",
        str(notes),
        "--target",
        "openapi",
        "--out",
        str(built),
    ]
    subprocess.run(build, check=True, capture_output=True, timeout=TIMEOUT_S)
    document = built / "openapi" / "openapi.json"
    with counted("notes") as (server, url):
        first = server.count_rows()
        verify("notes", server, url, tmp_path, at=60, by=signal.SIGKILL, document=document)
        held = server.count_rows()
        left = len(held) - len(first)
        assert left
        report, journal = tmp_path / "second.json", tmp_path / "journal"
        given = ("--journal", str(journal), "--report", str(report))
        process = start("notes", server, url, tmp_path, *given, document=document)
        shown, errors = process.communicate(timeout=TIMEOUT_S)
        assert server.count_rows() == held, shown + errors
        told = (f"{left} left", f"{left + 1} left")  # a removal may have been on its way
        assert [note for note in list_notes(report) if any(each in note for each in told)]
        _, shown, report = verify("notes", server, url, tmp_path, document=document)
        rows = server.count_rows()
        assert first.items() <= rows.items()
        unmarked = [row for name, row in rows.items() if name not in first]
        assert len(unmarked) < left
        assert not any("pgv-" in json.dumps(row) for row in unmarked), shown
        said = " ".join(list_notes(report))
        assert [row for row in unmarked if f"note {row['id']}" not in said] == [], shown
