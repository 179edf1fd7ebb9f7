"""A server has one lease at a time, and an attempt that lost it publishes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pgagents.cli.main import main
from pgagents.fleet import attempt
from pgagents.fleet.attempt import (
    Order,
    Outcome,
    carry_out,
    make_environment,
    make_version,
    write_outcome,
)
from pgagents.fleet.cluster import _Run, check_address
from pgagents.fleet.fleet_file import read_fleet
from pgagents.fleet.leases import MARGIN_S, LeaseBook
from pgagents.fleet.run_folder import open_folder, split_done

SERVER = "http://127.0.0.1:1"
FAKE = """
import json, os, sys, time
files = dict(word[2:].split("=", 1) for word in sys.argv[1:] if word.startswith("--") and "=" in word)
log = open(files["log"], "a")
print("began", time.time(), file=log, flush=True)
print("key", os.environ.get("PGAGENTS_TOKEN"), os.environ.get("OTHER_KEY"), file=log, flush=True)
time.sleep(float(files["sleep"]))
if files["code"] in "013":
    open(files["report"], "w").write("{}")
print("ended", time.time(), json.load(open(files["lease"]))["expires"] > time.time(), file=log, flush=True)
print("what went wrong")
sys.exit(int(files["code"]))
"""
"""Stands for `pgagents verify`: it takes a while, and ends as it is told."""


@pytest.fixture(autouse=True)
def _fake_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "VERIFY", (sys.executable, "-c", FAKE))
    monkeypatch.setattr(attempt, "GRACE_S", 0.5)
    monkeypatch.setenv("LIBRARY_KEY", "test_1")
    monkeypatch.setenv("OTHER_KEY", "test_2")
    monkeypatch.setenv("PGAGENTS_TOKEN", "test_3")


def order(folder: Path, *, code: int = 0, sleep: float = 0.0, job: str = "library") -> Order:
    (folder / "work").mkdir(exist_ok=True)
    described = {"run": "r1", "version": make_version(), "hidden": ["LIBRARY_KEY", "OTHER_KEY"]}
    (folder / "work/fleet.json").write_text(json.dumps(described))
    arguments = (f"--log={folder / 'log'}", f"--sleep={sleep}", f"--code={code}")
    keys = {"PGAGENTS_TOKEN": "LIBRARY_KEY"}
    return Order(job, SERVER, arguments, f"{job}.json", str(folder), "d1", "r1", keys)


def read_log(folder: Path) -> list[str]:
    path = folder / "log"
    return path.read_text().splitlines() if path.exists() else []


def test_a_server_is_given_to_the_next_one_only_a_margin_after_the_lease() -> None:
    now = [0.0]
    book = LeaseBook(clock=lambda: now[0])
    number, _ = book.take(SERVER, "a", 10)
    assert number
    assert book.take(SERVER, "b", 10) == (0, 10 + MARGIN_S)
    assert book.take("http://127.0.0.1:2", "b", 10)[0]
    now[0] = 9.0
    assert book.renew(SERVER, number, 10)
    now[0] = 19.5  # ended half a second ago, and nobody has the server
    assert not book.renew(SERVER, number, 10)
    assert book.take(SERVER, "b", 10)[0] == 0
    now[0] = 19.0 + MARGIN_S
    later, _ = book.take(SERVER, "b", 10)
    assert later > number
    assert not book.renew(SERVER, number, 10)
    book.give_back(SERVER, number)  # of the former holder, so it changes nothing
    assert book.take(SERVER, "c", 10)[0] == 0
    book.give_back(SERVER, later)
    assert book.take(SERVER, "c", 10)[0]


def test_a_holder_that_missed_the_answer_gets_its_lease_at_once() -> None:
    book = LeaseBook(clock=lambda: 0.0)
    first, second = book.take(SERVER, "a", 10)[0], book.take(SERVER, "a", 10)[0]
    assert 0 < first < second
    assert not book.renew(SERVER, first, 10)


@pytest.mark.parametrize("code", [0, 1, 3])
def test_report_of_an_attempt_is_published_and_its_server_is_free(tmp_path: Path, code: int) -> None:
    book, one = LeaseBook(), order(tmp_path, code=code)
    outcome = carry_out(one, book)
    assert (outcome.kind, outcome.exit_code) == ("done", code)
    assert (tmp_path / "library.json").read_text() == "{}"
    assert book.held == {}
    assert [path.name for path in (tmp_path / "work/library").iterdir()] == ["outcome.json"]
    # Dask runs a task again whose result it lost: it is not verified again
    assert carry_out(one, book) == outcome
    assert sum(line.startswith("began") for line in read_log(tmp_path)) == 1


def test_a_process_has_the_keys_of_its_api_and_no_other(tmp_path: Path) -> None:
    carry_out(order(tmp_path), LeaseBook())
    assert "key test_1 None" in read_log(tmp_path)
    ours = {"PGAGENTS_TOKEN_SECOND": "x", "LIBRARY_KEY": "y", "OTHER_KEY": "z", "PATH": "/"}
    environment = make_environment(order(tmp_path), ours, {"LIBRARY_KEY", "OTHER_KEY"})
    assert environment == {"PATH": "/", "PGAGENTS_TOKEN": "y"}


@pytest.mark.parametrize("code", [2, 4, 9])
def test_an_attempt_without_a_report_says_how_it_ended(tmp_path: Path, code: int) -> None:
    outcome = carry_out(order(tmp_path, code=code), LeaseBook())
    assert outcome.kind == "failed"
    assert f"exit code {code}: what went wrong" in outcome.text
    assert not (tmp_path / "library.json").exists()
    kept = json.loads((tmp_path / "work/library/outcome.json").read_text())
    assert kept["text"] == outcome.text


def test_what_a_worker_lacks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = order(tmp_path)
    assert carry_out(replace(one, run="r2"), LeaseBook()).kind == "not-here"
    monkeypatch.delenv("LIBRARY_KEY")
    outcome = carry_out(one, LeaseBook())
    assert (outcome.kind, "LIBRARY_KEY" in outcome.text) == ("no-key", True)
    (tmp_path / "work/fleet.json").write_text('{"run": "r1", "version": "0"}')
    assert carry_out(one, LeaseBook()).kind == "not-here"
    assert read_log(tmp_path) == []


class _Losing(LeaseBook):
    """A book that forgets a lease, as if its holder had been silent."""

    def renew(self, server: str, number: int, seconds: float) -> bool:  # noqa: ARG002
        return False


def test_an_attempt_that_lost_its_lease_ends_its_process_and_changes_nothing(tmp_path: Path) -> None:
    one = replace(order(tmp_path, sleep=60), lease_s=1.0)
    outcome = carry_out(one, _Losing())
    assert outcome.kind == "lost"
    assert not (tmp_path / "library.json").exists()
    assert not (tmp_path / "work/library/outcome.json").exists()
    assert not any(line.startswith("ended") for line in read_log(tmp_path))
    # a report that was whole is not published either: another attempt may have begun
    outcome = carry_out(order(tmp_path), _Losing())
    assert outcome.kind == "lost"
    assert not (tmp_path / "library.json").exists()


class _Counting(LeaseBook):
    """A book that counts how often a lease is renewed."""

    renewed = 0

    def renew(self, server: str, number: int, seconds: float) -> bool:
        self.renewed += 1
        return LeaseBook.renew(self, server, number, seconds)


def test_a_lease_is_renewed_while_the_process_runs(tmp_path: Path) -> None:
    book = _Counting()
    assert carry_out(replace(order(tmp_path, sleep=1.5), lease_s=6), book).kind == "done"
    assert book.renewed > 1  # and once before the report is published


def test_a_stop_ends_what_runs_and_what_has_not_begun(tmp_path: Path) -> None:
    one = order(tmp_path, sleep=60)
    timer = threading.Timer(0.5, one.stop.touch)
    timer.start()
    assert carry_out(one, LeaseBook()).kind == "stopped"
    assert carry_out(one, LeaseBook()).text == "the run was stopped before it began"
    timer.join()


def test_two_attempts_at_one_server_are_never_at_once(tmp_path: Path) -> None:
    book = LeaseBook()
    orders = [order(tmp_path, sleep=0.3, job=f"a{n}") for n in range(3)]
    threads = [threading.Thread(target=carry_out, args=(one, book)) for one in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line.split()[0] for line in read_log(tmp_path)] == ["began", "key", "ended"] * 3


def _guard(
    code: str, folder: Path, *, grace_s: float = 0.5, lease_s: float = 600.0
) -> subprocess.Popen[bytes]:
    lease = folder / "lease.json"
    lease.write_text(json.dumps({"expires": time.time() + lease_s}))
    ours = [sys.executable, "-P", "-m", "pgagents.fleet.guard", str(grace_s), str(lease)]
    words = [*ours, sys.executable, "-u", "-c", code]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")
def test_a_process_ends_with_its_starter_and_may_clean_up(tmp_path: Path) -> None:
    tidy = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('cleaned'), sys.exit(130)))\n"
        "print('began'); time.sleep(60)"
    )
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    sleeping = "import time; print('began'); time.sleep(60)"
    for code, words, status in (
        (tidy, b"began\ncleaned\n", 130), (sleeping, b"began\n", 143), (stubborn + sleeping, b"began\n", 137)
    ):  # fmt: skip
        process = _guard(code, tmp_path, grace_s=0.5 if status == 137 else 60.0)
        assert process.stdout is not None
        assert process.stdin is not None
        first = process.stdout.readline()
        process.stdin.close()  # as the system does where the starter was killed
        assert (first + process.stdout.read(), process.wait(600)) == (words, status)
        process.stdout.close()


def test_a_process_is_killed_that_runs_on_after_its_lease(tmp_path: Path) -> None:
    """It would keep the journal from the next attempt."""
    process = _guard("import time; time.sleep(60)", tmp_path, lease_s=-2.5)
    assert process.wait(600) == 137
    process.communicate()


def test_a_process_that_ends_by_itself_gives_its_exit_code(tmp_path: Path) -> None:
    process = _guard("raise SystemExit(3)", tmp_path)
    assert process.wait(600) == 3
    process.communicate()


def test_what_is_done_is_done_by_the_same_order_alone(tmp_path: Path) -> None:
    (tmp_path / "library.yaml").write_text("a: 1")
    path = tmp_path / "fleet.yaml"
    text = (
        "fleet: 1\napis:\n  library: {catalogue: library.yaml, url: 'http://h', token: LIBRARY_KEY, seed: 1}"
    )
    path.write_text(text)
    out = tmp_path / "out"

    def count_done() -> int:
        with open_folder(out, read_fleet(path), lease_s=60) as orders:
            return len(split_done(orders)[0])

    assert count_done() == 0
    with open_folder(out, read_fleet(path), lease_s=60) as orders:
        arguments = (*orders[0].arguments, f"--log={tmp_path / 'log'}", "--sleep=0", "--code=1")
        assert carry_out(replace(orders[0], arguments=arguments), LeaseBook()).kind == "done"
        assert main(["fleet", "run", str(path), "--out", str(out)]) == 2  # another run has the folder
    assert count_done() == 1
    path.write_text(text.replace("seed: 1", "seed: 2"))
    assert count_done() == 0
    path.write_text(text)
    (tmp_path / "library.yaml").write_text("a: 2")
    assert count_done() == 0
    (tmp_path / "library.yaml").write_text("a: 1")
    (out / "library.json").unlink()
    assert count_done() == 0


class Task:
    """Stands for a future of Dask, whose result is lost with its worker."""

    def __init__(self, status: str, result: Outcome | None = None) -> None:
        self.status, self.given = status, result

    def result(self, *, timeout: float) -> Outcome:
        del timeout
        if self.given is None:
            raise TimeoutError
        return self.given

    def release(self) -> None:
        """Do nothing."""


class Client:
    """Stands for a client of Dask: it keeps what is submitted."""

    def __init__(self, *workers: str) -> None:
        self.workers, self.sent = workers, list[tuple[Order, list[str] | None]]()

    def submit(self, _: object, order: Order, *, workers: list[str] | None, **__: object) -> Task:
        self.sent.append((order, workers))
        return Task("pending")

    def scheduler_info(self) -> dict[str, dict[str, int]]:
        return {"workers": dict.fromkeys(self.workers, 0)}


def begin(one: Order, client: Client) -> Any:
    run = _Run(client, [one], lambda _: None, threading.Event())  # type: ignore[arg-type]
    run._submit(run.waiting[SERVER].popleft())
    return run


@pytest.mark.parametrize("task", [Task("lost"), Task("cancelled"), Task("finished")])
def test_a_result_that_was_lost_with_its_worker_is_read_from_the_folder(tmp_path: Path, task: Task) -> None:
    one = order(tmp_path)
    run = begin(one, Client("a"))
    run._end(task, one)
    assert [sent for sent, _ in run.client.sent] == [one, one]  # nothing is known of it: once more
    write_outcome(one, Outcome("library", "done", exit_code=0, digest="d1", run="r1"))
    (tmp_path / "library.json").write_text("{}")
    run._end(task, one)
    assert len(run.client.sent) == 2
    assert [(end.kind, end.exit_code) for end in run.outcomes] == [("done", 0)]


def test_a_job_goes_to_the_workers_that_have_not_refused_it(tmp_path: Path) -> None:
    one = order(tmp_path)
    run = begin(one, Client("a", "b", "c"))
    for worker, others in (("a", ["b", "c"]), ("c", ["b"])):
        run._end(Task("finished", Outcome("library", "no-key", "none", worker=worker)), one)
        assert run.client.sent[-1] == (one, others)
    run._end(Task("finished", Outcome("library", "no-key", "none", worker="b")), one)
    assert [end.kind for end in run.outcomes] == ["no-key"]


def test_a_scheduler_that_was_started_anew_waits_for_the_leases_of_its_earlier_life() -> None:
    now = 100.0
    book = LeaseBook(lambda: now, since=98.0)
    assert book.take(SERVER, "one", 10) == (0, 8 + MARGIN_S)
    now += 8 + MARGIN_S
    assert book.take(SERVER, "one", 10) == (1, 0.0)
    assert LeaseBook(lambda: now).take(SERVER, "one", 10) == (1, 0.0)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "tls:127.0.0.1", "", "ws://h"])
def test_scheduler_without_tls_is_refused_with_the_reason(
    tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "library.yaml").touch()
    path = tmp_path / "fleet.yaml"
    path.write_text("fleet: 1\napis:\n  library: {catalogue: library.yaml, url: 'http://h'}")
    run = ["fleet", "run", str(path), "--out", str(tmp_path / "out"), "--scheduler"]
    assert main([*run, address]) == 2
    assert "runs the code that anyone sends" in capsys.readouterr().err
    check_address("tls://127.0.0.1:8786")
    assert main([*run, "tls://127.0.0.1:1"]) == 2
    assert "--tls-ca" in capsys.readouterr().err
