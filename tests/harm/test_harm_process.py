"""The command itself over a socket of this machine: to its end, killed in the middle, and without leave to
write.
"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from harm.loopback import loopback, verifying
from harm.runs import harms, run, server_of, unmarked
from harm.servers.base import READS
from lengths import rarely
from pgagents.base.http import Request

TIMEOUT_S = 600


KILLED = [("nested", 40), ("reused_by_others", 25)]


@pytest.mark.parametrize(("name", "at"), rarely(KILLED, KILLED[0]))
def test_a_process_that_is_killed_harmed_nobody_and_what_it_left_can_be_told(
    name: str, at: int, tmp_path: Path
) -> None:
    """`kill -9` leaves no time to undo anything; each thing left carries the run's mark, and the next run
    touches none of it.
    """
    server, started = server_of(name), threading.Event()
    processes: list[subprocess.Popen[str]] = []

    def kill(_request: Request) -> None:
        if len(server.log) == at:
            started.wait(TIMEOUT_S)
            processes[0].send_signal(signal.SIGKILL)
            processes[0].wait(TIMEOUT_S)

    with loopback(server, kill) as url:
        processes.append(verifying(name, url, tmp_path, "--allow-writes"))
        started.set()
        said, _ = processes[0].communicate(timeout=TIMEOUT_S)
    assert processes[0].returncode == -signal.SIGKILL, said
    assert harms(server) == []
    assert server.left()
    assert [row for _, row in server.left() if unmarked(row)] == []
    server.guard_all()
    run(name, server, seed=1)
    assert harms(server) == []


TWICE = [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)]


@pytest.mark.parametrize("signals", TWICE, ids=lambda s: "-".join(one.name for one in s))
def test_two_signals_leave_a_report_and_no_rows(signals: tuple[signal.Signals, ...], tmp_path: Path) -> None:
    """`timeout` sends two at once: neither the report nor the undoing may be lost."""
    server, started, report = server_of("nested"), threading.Event(), tmp_path / "report.json"
    processes: list[subprocess.Popen[str]] = []

    def end(_request: Request) -> None:
        if len(server.log) == 60:
            started.wait(TIMEOUT_S)
            for number in signals:
                processes[0].send_signal(number)

    with loopback(server, end) as url:
        processes.append(verifying("nested", url, tmp_path, "--allow-writes", "--report", str(report)))
        started.set()
        said, _ = processes[0].communicate(timeout=TIMEOUT_S)
    assert processes[0].returncode == 130, said
    assert said.count("wrote ") == 2, "before anything is undone, and after it"
    footer = json.loads(report.read_text(encoding="utf-8"))["footer"]
    assert (footer["complete"], footer["left_behind"]) == (False, [])
    assert (harms(server), server.left()) == ([], [])


def test_a_process_that_ends_left_nothing(tmp_path: Path) -> None:
    server = server_of("nested")
    with loopback(server) as url:
        process = verifying("nested", url, tmp_path, "--allow-writes")
        said, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode in (0, 3), said
    assert (harms(server), server.left()) == ([], [])


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["no_resources", "get_effects"])
def test_a_process_without_leave_only_reads_on_this_machine_too(name: str, tmp_path: Path) -> None:
    server = server_of(name)
    with loopback(server) as url:
        process = verifying(name, url, tmp_path)
        process.communicate(timeout=TIMEOUT_S)
    assert [str(entry) for entry in server.log if entry.method not in READS] == []
    assert server.tables == server.at_start
    assert server.log
