"""`pgagents fleet run` on a real cluster of this machine, where workers die and fall silent."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from evaluation.fleet.hosts import Host
from evaluation.fleet.measure import EQUAL, LEASE_S, Measured, compare, find_workers, run_fleet

from pgagents.cli.main import main


def test_what_workers_lack_is_said_and_no_api_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LIBRARY_KEY", raising=False)
    (tmp_path / "library.yaml").touch()
    path = tmp_path / "fleet.yaml"
    lines = [
        f"  a{n}: {{catalogue: library.yaml, url: 'http://127.0.0.1:{n}', token: LIBRARY_KEY}}"
        for n in (1, 2)
    ]
    path.write_text("\n".join(["fleet: 1", "apis:", *lines]), encoding="utf-8")
    assert main(["fleet", "run", str(path), "--out", str(tmp_path / "out"), "--workers", "1"]) == 3
    shown = capsys.readouterr()
    assert "a1, a2 have no report: a worker's environment has no LIBRARY_KEY" in shown.err
    assert "2 of 2 ended" in shown.err
    assert "0 of 2 jobs have a report" in shown.out
    assert main(["fleet", "report", str(tmp_path / "out")]) == 3
    assert "a2" in capsys.readouterr().out


def _is_whole(base: Measured, other: Measured) -> None:
    assert other.missing == ()
    assert other.left == ()
    assert other.overlaps == 0
    assert compare(base, other) == EQUAL


@pytest.mark.matrix
def test_a_dead_worker_and_a_silent_one_lose_nothing_and_leave_nothing() -> None:
    base = run_fleet(4, 2)
    assert base.exit_code == 1  # one of the mocks has a fault
    assert len(base.verdicts) == 4
    _is_whole(base, base)

    def hit(process: subprocess.Popen[bytes], hosts: list[Host]) -> int:
        """Kill the first worker in the middle of its run, and stop the next one for longer than its lease."""
        hits = []
        for number in (signal.SIGKILL, signal.SIGSTOP):
            seen = sum(len(host.calls) for host in hosts)
            while process.poll() is None and sum(len(host.calls) for host in hosts) < seen + 60:
                time.sleep(0.05)
            for worker, _ in find_workers(process)[:1]:
                os.kill(worker, number)
                hits.append(worker)
        time.sleep(2 * LEASE_S)
        with contextlib.suppress(ProcessLookupError):
            os.kill(hits[-1], signal.SIGCONT)
        return len(hits)

    disturbed = run_fleet(4, 2, disturb=hit)
    assert disturbed.hits == 2
    _is_whole(base, disturbed)
