"""Calls that come together share a commit, and nobody is told of what is not kept."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.http import Request, Response, json_bytes
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.serve import Settling
from sandboxes import DISPATCH, VAIL, Caller


class Front:
    """A sandbox on a file, called as the server calls it; the file is looked at from outside, as after a
    crash.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "world.db"
        self.caller = Caller(db=self.file)
        front = self.caller.sandbox.front
        self.store = front.store
        self.settling = Settling(
            self.caller.sandbox.handler, front.store, front.refuse_uncommitted, self.caller.logged.append
        )
        self.commits = 0
        front.store._connection.set_trace_callback(self._heard)

    def _heard(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    async def together(self, *requests: Request) -> list[Response]:
        """The answers to calls that are there at the same time."""
        found = await asyncio.gather(*map(self.settling, requests))
        assert all(isinstance(answer, Response) for answer in found)
        return found  # type: ignore[return-value]  # as just asserted

    def call(self, method: str, target: str, body: Any = None) -> Request:
        headers = (
            ("Authorization", f"Bearer {self.caller.tokens['unlimited']}"),
            ("Content-Type", "application/json"),
        )
        return Request(method, target, headers, b"" if body is None else json_bytes(body))

    def park(self, plate: str) -> Request:
        return self.call("POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": plate})

    def kept(self, sql: str) -> list[Any]:
        raw = sqlite3.connect(self.file)
        found = sorted(row[0] for row in raw.execute(sql))
        raw.close()
        return found


@pytest.fixture
def front(tmp_path: Path) -> Any:
    opened = Front(tmp_path)
    yield opened
    opened.store.close()


PLATES = "SELECT plate FROM session WHERE plate LIKE 'P%'"
AUDITED = "SELECT count(*) FROM audit WHERE action = 'create_session'"


def test_calls_that_come_together_are_kept_by_one_commit_before_any_is_answered(front: Front) -> None:
    seen: list[list[Any]] = []

    async def one(n: int) -> int:
        answer = await front.settling(front.park(f"P{n}"))
        seen.append(front.kept(PLATES))
        assert isinstance(answer, Response)
        return answer.status

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*map(one, range(8)))

    before = front.commits
    assert asyncio.run(all_of_them()) == [201] * 8
    assert front.commits == before + 1
    assert seen == [[f"P{n}" for n in range(8)]] * 8


def test_call_that_fails_among_others_takes_nothing_of_theirs_back(front: Front) -> None:
    inner = front.caller.sandbox.front.domain

    def crash(given: AcceptedCall) -> Any:
        found = inner(given)
        if given.input.get("plate") == "P2":
            raise RuntimeError("now")
        return found

    front.caller.sandbox.front.domain = crash
    answers = asyncio.run(front.together(*(front.park(f"P{n}") for n in range(5))))
    assert [a.status for a in answers] == [201, 201, 500, 201, 201]
    assert front.kept(PLATES) == ["P0", "P1", "P3", "P4"]
    assert front.kept(AUDITED) == [4]
    assert front.caller.available("lot_lionshead") == 87 - 4


def test_first_call_that_fails_leaves_the_others(front: Front) -> None:
    inner = front.caller.sandbox.front.domain
    left = ["fails"]
    front.caller.sandbox.front.domain = lambda given: 1 // 0 if left and left.pop() else inner(given)
    answers = asyncio.run(front.together(front.park("P0"), front.park("P1")))
    assert [a.status for a in answers] == [500, 201]
    assert front.kept(PLATES) == ["P1"]


def test_commit_that_fails_is_told_to_everyone_it_was_for_and_leaves_nothing(front: Front) -> None:
    """A constraint that is looked at only when all is done stands for a disk that is full then."""
    front.store.script(
        "PRAGMA foreign_keys = ON; CREATE TABLE parent (n INTEGER PRIMARY KEY);"
        "CREATE TABLE child (n INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED);"
        "CREATE TRIGGER full AFTER INSERT ON session WHEN NEW.plate = 'P1' BEGIN INSERT INTO child "
        "VALUES (7); END;"
    )
    answers = asyncio.run(front.together(front.park("P0"), front.park("P1")))
    assert [a.status for a in answers] == [500, 500]
    assert all(b'"INTERNAL"' in a.body for a in answers)
    assert front.kept(PLATES) == []
    assert "FOREIGN KEY" in front.caller.logged[-1]
    assert [a.status for a in asyncio.run(front.together(front.park("P3")))] == [201]
    assert front.kept(PLATES) == ["P3"]


def test_search_waits_for_no_commit_but_its_record_comes_soon(front: Front) -> None:
    logged = "SELECT count(*) FROM search_log"

    async def search() -> None:
        before = front.commits
        await front.together(*[front.call("GET", VAIL)] * 3)
        assert front.commits == before
        for _ in range(500):
            if front.kept(logged) == [3]:
                break
            await asyncio.sleep(0.01)
        assert front.kept(logged) == [3]
        assert front.commits == before + 1

    asyncio.run(search())


def test_read_through_the_dispatcher_is_owed_its_audit_row(front: Front) -> None:
    asked = front.call(
        "POST", DISPATCH, {"action": "search_parking", "parameters": {"lat": 39.64, "lng": -106.37}}
    )
    assert [a.status for a in asyncio.run(front.together(asked))] == [200]
    assert front.kept("SELECT count(*) FROM audit WHERE action = 'search_parking'") == [1]


def test_read_that_saw_anothers_write_waits_for_it(front: Front) -> None:
    async def both() -> None:
        made, listed = await front.together(
            front.park("P0"), front.call("GET", "/api/v1/sessions/search?plate=P0")
        )
        assert (made.status, b'"P0"' in listed.body) == (201, True)
        assert front.kept(PLATES) == ["P0"]

    asyncio.run(both())


def test_what_is_open_is_kept_when_the_store_is_closed(tmp_path: Path) -> None:
    front = Front(tmp_path)
    with front.store.sharing():
        front.settling._handler(front.park("P0"))
    assert front.kept(PLATES) == []
    front.store.close()
    assert front.kept(PLATES) == ["P0"]


def test_delivery_thread_sends_nothing_that_is_not_kept(front: Front) -> None:
    body = {"url": "https://8.8.8.8/", "events": ["session.created"]}
    assert [a.status for a in asyncio.run(front.together(front.call("POST", "/api/v1/webhooks", body)))] == [
        201
    ]
    with front.store.sharing():
        front.settling._handler(front.park("P0"))
    outbox = front.caller.sandbox.courier.outbox
    [[told]] = outbox.due().values()
    assert b'"P0"' in told.body
    assert front.kept(PLATES) == ["P0"]
