"""The lease of a run: its file, its end by two clocks, and the silences of a client without one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pgagents.base.http import Request, Silence
from pgagents.verify.wire.lease import CUT, UNSENT, Lease, LeaseEnded, Permit, holding, may_send
from pgagents.verify.wire.send import Client


class Times:
    """A wall clock and a timer that a test moves."""

    def __init__(self) -> None:
        self.clock, self.timer = 1_000.0, 50.0

    def lease(self, path: Path) -> Lease:
        return Lease(path, clock=lambda: self.clock, timer=lambda: self.timer)

    def pass_by(self, seconds: float) -> None:
        self.clock, self.timer = self.clock + seconds, self.timer + seconds


def grant(path: Path, expires: object) -> Path:
    path.write_text(json.dumps({"expires": expires, "by": "somebody"}))
    return path


def test_a_lease_ends_at_its_time_and_lasts_again_once_it_is_renewed(tmp_path: Path) -> None:
    times = Times()
    lease = times.lease(grant(tmp_path / "lease", 1_010))
    assert lease.find_seconds_left() == 10
    times.pass_by(10)
    assert lease.find_seconds_left() == 0
    assert "has ended" in lease.problem
    grant(tmp_path / "lease", 1_030)
    assert lease.find_seconds_left() == 20
    assert lease.problem == ""


def test_a_clock_that_is_set_back_does_not_lengthen_a_lease(tmp_path: Path) -> None:
    times = Times()
    lease = times.lease(grant(tmp_path / "lease", 1_010))
    assert lease.find_seconds_left() == 10
    times.clock -= 3_600
    times.timer += 9
    assert lease.find_seconds_left() == 1
    times.timer += 1
    assert lease.find_seconds_left() == 0


def test_a_clock_that_is_set_ahead_ends_a_lease(tmp_path: Path) -> None:
    times = Times()
    lease = times.lease(grant(tmp_path / "lease", 1_010))
    assert lease.find_seconds_left() == 10
    times.clock += 11
    assert lease.find_seconds_left() == 0


WRONG = ["", "nonsense", "[]", "{}", '{"expires": null}', '{"expires": true}', '{"expires": "9999999999"}',
         '{"expires": 1e999}', '{"expires": NaN}', "[" * 3_000,
         '{"expires": 9999999999, "x": "' + "x" * 5_000 + '"}',
         '{"expires": ' + "9" * 400 + "}"]  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_says_no_end_is_no_lease(text: str, tmp_path: Path) -> None:
    path = tmp_path / "lease"
    path.write_text(text)
    lease = Times().lease(path)
    assert lease.find_seconds_left() == 0
    with pytest.raises(LeaseEnded):
        lease.check()


def test_what_is_no_file_is_no_lease(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (tmp_path, "is not a file"),
        (tmp_path / "pipe", "is not a file"),
        (tmp_path / "x", "is gone"),
    ):
        assert why in Lease(path).problem


def test_a_client_sends_nothing_without_its_lease(tmp_path: Path) -> None:
    """Nothing listens at this address, so a client that tried would say that it was refused."""
    with Client("http://127.0.0.1:9") as client:
        with holding(Lease(tmp_path / "none")):
            answer = client(Request("GET", "/"))
            assert isinstance(answer, Silence)
            assert answer.kind == UNSENT
            assert client.takes_connections(Request("GET", "/"))
            assert not may_send()
        answer = client(Request("GET", "/"))
        assert isinstance(answer, Silence)
        assert answer.kind == "refused"


def test_a_request_takes_no_longer_than_the_lease_and_the_server_is_not_blamed(tmp_path: Path) -> None:
    times = Times()
    lease = times.lease(grant(tmp_path / "lease", 1_010))
    with holding(lease):
        permit = Permit(30.0)
        assert (permit.most_s, permit.refusal) == (10, None)
        assert permit.explain(Silence("timeout")).kind == CUT
        assert permit.explain(Silence("reset")).kind == "reset"
        assert Permit(5.0).explain(Silence("timeout")).kind == "timeout"
