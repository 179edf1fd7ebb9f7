"""A sandbox that is killed loses nothing it has answered, keeps nothing half, and has its file to itself."""

from __future__ import annotations

import http.client
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pgagents.base.errors import PgagentsError
from pgagents.cli.main import main
from sandboxes import ROOT, Caller

RUN = "from pgagents.cli.main import run; run()"
WRITERS = 32
WRITES = 1_000
KILLED_AFTER = 500


@contextmanager
def started(db: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """A sandbox in a process of its own on that file, and what it wrote when ready."""
    ready = db.with_suffix(".ready")
    ready.unlink(missing_ok=True)
    words = [
        "sandbox",
        str(ROOT / "catalogue/park_graph.yaml"),
        "--port",
        "0",
        "--db",
        str(db),
        "--ready",
        str(ready),
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        for _ in range(600):
            if ready.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        yield process, json.loads(ready.read_text())
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


class Writers:
    """Threads that create, extend and end sessions, and what was answered to them."""

    def __init__(self, facts: dict[str, Any], lots: list[str]) -> None:
        self.facts, self.lots = facts, lots
        self.answered: list[tuple[str, str, dict[str, Any]]] = []
        self.refused: list[tuple[int, bytes]] = []
        self.enough = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _write(self, writer: int) -> None:
        host, port = self.facts["url"].removeprefix("http://").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=600)
        try:
            for n in range(WRITES // WRITERS // 2 + 1):
                body = {
                    "lot_id": self.lots[(writer + n * WRITERS) % len(self.lots)],
                    "plate": f"W{writer}N{n}",
                }
                made = self._call(connection, "sessions", body, f"create-{writer}-{n}")
                named = {"session_id": made["id"], "session_code": made["session_code"]}
                self._call(
                    connection, ("sessions/end", "sessions/extend")[n % 2], named, f"change-{writer}-{n}"
                )
        except (OSError, http.client.HTTPException, Refused):
            return
        finally:
            connection.close()

    def _call(
        self, connection: http.client.HTTPConnection, path: str, body: dict[str, Any], key: str
    ) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self.facts['keys']['unlimited']}", "Content-Type": "application/json",
            "Idempotency-Key": key,
        }  # fmt: skip
        connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            self.refused.append((answer.status, text))
            raise Refused
        session: dict[str, Any] = json.loads(text)["session"]
        self.answered.append(({"sessions": "create"}.get(path) or path.partition("/")[2], key, session))
        if len(self.answered) >= KILLED_AFTER:
            self.enough.set()
        return session


class Refused(Exception):
    """A write that was not taken, though nothing speaks against it."""


@pytest.mark.matrix
def test_kill_in_the_middle_of_writing_loses_and_doubles_nothing(tmp_path: Path) -> None:
    db = tmp_path / "world.db"
    with started(db) as (process, facts):
        before = spaces(db)
        writers = Writers(facts, [id for id, free in before.items() if free > 10])
        assert writers.enough.wait(600)
        process.send_signal(signal.SIGKILL)
        process.wait()
        writers.join()
    assert writers.refused == []
    assert KILLED_AFTER <= len(writers.answered) < WRITES, "it was killed while they wrote"
    with started(db) as (process, facts):
        headers = {"Authorization": f"Bearer {facts['keys']['unlimited']}"}
        with httpx.Client(base_url=facts["url"], headers=headers) as client:
            for what, _, session in writers.answered[:: len(writers.answered) // 20]:
                found = client.get(f"/api/v1/sessions/{session['id']}").json()["session"]
                assert found["plate"] == session["plate"]
                assert what != "end" or found["status"] == "completed"
            assert (
                client.post(
                    "/api/v1/sessions", json={"lot_id": "lot_lionshead", "plate": "AFTER"}
                ).status_code
                == 201
            )
    _answered_is_there(db, writers.answered)
    _nothing_is_half(db, before)


def spaces(db: Path) -> dict[str, int]:
    """Free spaces by lot."""
    raw = sqlite3.connect(db)
    found = dict(raw.execute("SELECT id, available FROM lot").fetchall())
    raw.close()
    return found


EVENTS = {"create": "session.created", "end": "session.ended", "extend": "session.extended"}


def _answered_is_there(db: Path, answered: list[tuple[str, str, dict[str, Any]]]) -> None:
    raw = sqlite3.connect(db)
    audited = Counter(raw.execute("SELECT action, session_id FROM audit").fetchall())
    told = Counter(raw.execute("SELECT type, subject FROM event").fetchall())
    for what, _, session in answered:
        assert audited[f"{what}_session", session["id"]] == 1, (what, session["id"])
        assert told[EVENTS[what], session["id"]] == 1, (what, session["id"])
    taken = {value for (value,) in raw.execute("SELECT value FROM idempotency")}
    assert {key for _, key, _ in answered} <= taken
    raw.close()


def _nothing_is_half(db: Path, before: dict[str, int]) -> None:
    """Assert that each row, answered or not, is there once with all that belongs to it."""
    raw = sqlite3.connect(db)

    def column(sql: str) -> list[Any]:
        return sorted(row[0] for row in raw.execute(sql))

    assert column("PRAGMA integrity_check") == ["ok"]
    made = column("SELECT id FROM session WHERE plate LIKE 'W%N%' OR plate = 'AFTER'")
    ended = column("SELECT id FROM session WHERE ended_at IS NOT NULL AND plate LIKE 'W%N%'")
    assert column("SELECT session_id FROM audit WHERE action = 'create_session'") == made
    assert column("SELECT subject FROM event WHERE type = 'session.created'") == made
    assert column("SELECT subject FROM event WHERE type = 'payment.completed'") == made
    assert column("SELECT session_id FROM audit WHERE action = 'end_session'") == ended
    assert column("SELECT subject FROM event WHERE type = 'session.ended'") == ended
    assert column("SELECT subject FROM event WHERE type = 'session.extended'") == column(
        "SELECT session_id FROM audit WHERE action = 'extend_session'"
    )
    assert len(set(column("SELECT plate FROM session WHERE plate LIKE 'W%N%'"))) == len(made) - 1, (
        "no create took effect twice"
    )
    assert column("SELECT event_n FROM delivery EXCEPT SELECT n FROM event") == []
    assert column("SELECT n FROM audit EXCEPT SELECT audit_n FROM audit_detail") == []
    parked = dict(
        raw.execute(
            "SELECT lot_id, count(*) FROM session WHERE status = 'active' AND (plate LIKE 'W%N%' OR "
            "plate = 'AFTER') GROUP BY lot_id"
        )
    )
    raw.close()
    assert spaces(db) == {lot: free - parked.get(lot, 0) for lot, free in before.items()}


def test_second_process_on_the_file_is_told_so_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = Caller(db=tmp_path / "world.db")
    with pytest.raises(PgagentsError, match="another sandbox is using the database"):
        Caller(db=tmp_path / "world.db")
    code = main(
        [
            "sandbox",
            str(ROOT / "catalogue/park_graph.yaml"),
            "--port",
            "0",
            "--db",
            str(tmp_path / "world.db"),
        ]
    )
    err = capsys.readouterr().err
    assert code == 2
    assert err == (
        f"error: another sandbox is using the database {tmp_path / 'world.db'}\n  help: stop that one "
        "first, or give another --db\n"
    )
    first.sandbox.front.store.close()
    again = Caller(db=tmp_path / "world.db")
    assert again("GET", "/api/v1/health", key=None).status == 200
    again.sandbox.front.store.close()


def test_database_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    other, broken = tmp_path / "other.db", tmp_path / "broken.db"
    raw = sqlite3.connect(other)
    raw.execute("CREATE TABLE theirs (n)")
    raw.close()
    broken.write_bytes(b"this is not a database, whatever its name says" * 100)
    for file, said in ((other, "was not made by this version"), (broken, "cannot use the database")):
        before = file.read_bytes()
        with pytest.raises(PgagentsError, match=said):
            Caller(db=file)
        assert file.read_bytes() == before


@pytest.mark.matrix
def test_interrupt_ends_it_within_a_second_or_so(tmp_path: Path) -> None:
    with started(tmp_path / "world.db") as (process, facts):
        with httpx.Client(base_url=facts["url"]) as client:
            assert client.get("/api/v1/health").status_code == 200
            process.send_signal(signal.SIGINT)
            process.wait(600)
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
