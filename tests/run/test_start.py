"""`--start CMD` starts the app for a run, and leaves no process behind, however the run ends."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from lengths import rarely
from pgagents.base.errors import PgagentsError
from pgagents.cli.main import main
from pgagents.cli.running import app
from pgagents.cli.running.app import (
    find_free_port,
    has_processes,
    list_ports,
    make_environment,
    split_command,
    starting,
)
from pgagents.verify.run import lost_answers

APP = Path(__file__).parents[1] / "started_app.py"
KEY = "key_of_a_test_1"


class Run:
    """A run of pgagents with the app: the exit code, the output, the messages, and the app's starts."""

    def __init__(self, folder: Path, words: list[str], patch: pytest.MonkeyPatch, **ways: Any) -> None:
        self.notes = folder / "starts"
        patch.setenv("PGAGENTS_TOKEN", KEY)
        patch.chdir(folder)
        started = ["--start", command(self.notes, **ways)]
        with StringIO() as out, StringIO() as err, redirect_stdout(out), redirect_stderr(err):
            self.code = main([*words, *started])
            self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def starts(self) -> list[tuple[int, int]]:
        """The process and the PORT of each start."""
        return list_starts(self.notes)


def command(notes: Path, **ways: Any) -> str:
    return shlex.join([sys.executable, str(APP), json.dumps({**ways, "notes": str(notes)})])


def list_starts(notes: Path) -> list[tuple[int, int]]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [(int(line.split()[0]), int(line.split()[1])) for line in lines]


def nothing_runs(notes: Path) -> bool:
    """True once no process of the app is there; an orphan that was killed is gone when the system says so."""
    until = time.monotonic() + 30
    while (left := any(has_processes(group) for group, _ in list_starts(notes))) and time.monotonic() < until:
        time.sleep(0.02)
    return not left


VERIFY = ["verify", "--openapi", "/openapi.json", "--report", "report.json"]


def test_its_document_is_read_and_its_traceback_stands_beside_a_5xx(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "END_S", 0.2)
    (tmp_path / "openapi.json").write_text("{}")  # it is another document than the app's
    run = Run(tmp_path, [*VERIFY, "--workers", "4"], monkeypatch, child=True, stubborn=True, slow_s=0.05)
    assert run.code == 1, run.err
    assert nothing_runs(run.notes), "nor does its child, though the app takes no notice of SIGTERM"
    ((_, port),) = run.starts
    report = json.loads((tmp_path / "report.json").read_text())
    assert "in_repository" not in report["header"]
    assert report["header"]["url"] == f"http://127.0.0.1:{port}"
    (crash,) = (f for f in report["findings"] if f["contract"] == "no_crashes/get_thing@rest")
    printed = crash["exchanges"][-1]["printed"]
    assert printed.count("KeyError: 'no such thing'") == 1, "what other workers' calls print is not shown"
    assert "| KeyError: 'no such thing'" in run.out
    assert KEY not in run.out + json.dumps(report)
    assert "--start" in report["header"]["again"]
    assert any("ended with the run" in note for note in report["footer"]["notes"])
    assert report["footer"]["gains"][-1].startswith("pgagents import /openapi.json --start ")


def test_a_call_that_ends_its_process_is_a_finding_and_it_is_started_again(tmp_path, monkeypatch):
    monkeypatch.setattr(lost_answers, "RETURN_S", 0.01)
    monkeypatch.setattr(lost_answers, "CLEANING_S", 0.01)
    monkeypatch.setattr(lost_answers, "STARTS", 100.0)  # it is waited for as its first start took, not longer
    run = Run(tmp_path, VERIFY, monkeypatch, dies=True)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (run.code, report["footer"]["complete"]) == (1, True), run.err
    assert nothing_runs(run.notes)
    assert len(run.starts) >= 3
    assert len({port for _, port in run.starts}) == 1
    crash = next(f for f in report["findings"] if f["contract"] == "no_crashes/get_thing@rest")
    assert crash["severity"] == "error"
    assert crash["exchanges"][-1]["request"]["target"].startswith("/things/")
    assert "the process ended with exit code 3; it is started again" in crash["exchanges"][-1]["printed"]


def test_a_catalogue_is_imported_from_it_and_verified_on_it(tmp_path, monkeypatch):
    run = Run(tmp_path, ["import", "/openapi.json", "--full", "--out", "things.yaml"], monkeypatch)
    assert run.code == 0, run.err
    (_, port) = run.starts[0]
    assert str(port) not in (tmp_path / "things.yaml").read_text(), "the port is gone with the app"
    words = ["verify", "things.yaml", "--only", "no_crashes/list_things@rest", "--report", "report.json"]
    run = Run(tmp_path, words, monkeypatch)
    assert run.code == 0, run.out + run.err
    header = json.loads((tmp_path / "report.json").read_text())["header"]
    assert (header["catalogue"], header["url"]) == ("things.yaml", f"http://127.0.0.1:{run.starts[1][1]}")
    assert nothing_runs(run.notes)


def has_other_address() -> bool:
    try:
        app.socket.create_server(("::1", 0), family=app.socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_other_address(), reason="the system has no ::1")
def test_an_app_on_the_other_address_of_localhost_is_found(tmp_path):
    with starting(command(tmp_path / "starts", host="::1"), None) as there:
        assert there.url.startswith("http://[::1]:")


def test_an_app_that_prints_without_end_is_verified(tmp_path, monkeypatch):
    words = ["verify", "--openapi", "/openapi.json", "--only", "no_crashes/list_things@rest"]
    run = Run(tmp_path, words, monkeypatch, floods=True)
    assert run.code == 0, run.out + run.err
    assert nothing_runs(run.notes)


FAILS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "it never listens": ({"port": 0}, ["did not listen on port", "write {port} in the command"]),
    "it floods, and never listens": ({"port": 0, "floods": True}, ["did not listen", "write {port}"]),
    "it ends at once": (
        {"leaves": True, "prints": "no database at postgres://me:pass_1@db/x"},
        ["ended with exit code 0 before it answered", "| no database", "start it by hand: env PORT="],
    ),
    "it leaves a child": ({"leaves": True, "child": True}, ["left others behind", "in the foreground"]),
    "it asks for input": ({"asks": True}, ["exit code 1", "EOFError", "neither input nor terminal"]),
}


@pytest.mark.parametrize("way", FAILS)
def test_an_app_that_does_not_answer_is_one_message_and_nothing_is_left(tmp_path, monkeypatch, way):
    ways, expected = FAILS[way]
    if ways.get("port") == 0:  # the others end by themselves, however long that takes on a busy machine
        monkeypatch.setattr(app, "READY_S", 1.0)
    monkeypatch.setattr(app, "TELL_S", 0.2)
    run = Run(tmp_path, VERIFY, monkeypatch, **ways)
    assert run.code == 2
    assert run.err.count("error: ") == 1
    assert run.err.count("  help: ") == 1
    assert [words for words in expected if words not in run.err] == []
    assert "pass_1" not in run.err
    assert "Traceback" not in run.err or "asks" in ways
    assert nothing_runs(run.notes)
    assert not (tmp_path / "report.json").exists()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not tell who listens where")
def test_an_app_that_listens_elsewhere_is_told_where(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "ELSEWHERE_S", 0.1)
    port = find_free_port()
    run = Run(tmp_path, VERIFY, monkeypatch, port=port)
    assert run.code == 2
    assert f"error: the app listens on port {port}, and not on " in run.err
    assert f"--url http://127.0.0.1:{port}" in run.err
    assert nothing_runs(run.notes)


def test_url_says_where_it_listens(tmp_path, monkeypatch):
    port = find_free_port()
    words = ["import", "/openapi.json", "--out", "-", "--url", f"http://127.0.0.1:{port}"]
    run = Run(tmp_path, words, monkeypatch, port=port)
    assert run.code == 2, "import has no --url"
    words = ["verify", "--openapi", "/openapi.json", "--plan", "--url", f"http://127.0.0.1:{port}/"]
    run = Run(tmp_path, words, monkeypatch, port=port)
    assert run.code == 0, run.err
    assert run.starts[0][1] == port, "PORT too"
    assert nothing_runs(run.notes)


WRONG = {
    "uvicorn app:app --port $PORT": ["$PORT", "write {port} in its place"],
    "uvicorn app:app --port ${PORT}": ["${PORT}", "write {port} in its place"],
    "cd app && uvicorn app:app": ["`&&`", "sh -c"],
    "DEBUG=1 uvicorn app:app": ["DEBUG=…", "write `env` before it"],
    "uvicorn 'app": ["No closing quotation", "quote it"],
    "  ": ["--start is empty", "{port}"],
    "no-such-program --port {port}": ["cannot start no-such-program", "on the PATH"],
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_is_one_message(tmp_path, monkeypatch, line, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["verify", "--openapi", "/openapi.json", "--start", line]) == 2
    said = capsys.readouterr().err
    assert [words for words in ["error: ", "  help: ", *WRONG[line]] if words not in said] == []


def test_uvx_lends_the_app_no_python_of_its_own(monkeypatch):
    """The programs of pgagents come first on the PATH there, and have none of the app's packages."""
    own = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{own}{os.pathsep}/usr/bin")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.delenv("UV", raising=False)
    assert make_environment(1)["PATH"] == f"{own}{os.pathsep}/usr/bin"
    monkeypatch.setenv("UV", "/opt/uv")
    assert make_environment(1)["PATH"] == "/usr/bin"
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    assert make_environment(1)["PATH"].startswith(f"{own}"), "`uv run` in the app's own environment"


def test_the_apps_active_environment_comes_first(monkeypatch, tmp_path):
    """A command that pyenv 2.6.30 started has pyenv's programs before those of an active environment."""
    theirs = tmp_path / Path(sys.executable).parent.name
    monkeypatch.setenv("PATH", f"/opt/pyenv/bin{os.pathsep}{theirs}{os.pathsep}/usr/bin")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert make_environment(1)["PATH"].startswith("/opt/pyenv/bin"), "an environment that is gone"
    theirs.mkdir()
    assert make_environment(1)["PATH"].startswith(f"{theirs}{os.pathsep}/opt/pyenv/bin{os.pathsep}")


def test_a_path_of_a_server_that_runs_already_is_its_document_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PGAGENTS_TOKEN", KEY)
    monkeypatch.chdir(tmp_path)
    with starting(command(tmp_path / "starts"), None) as there:
        assert main(["verify", "--openapi", "/openapi.json", "--url", there.url, "--plan"]) == 0
    assert main(["verify", "--openapi", "/openapi.json", "--env", os.devnull]) == 2
    assert "a path of the server goes with --url" in capsys.readouterr().err


def test_file_that_is_missing_is_not_told_as_an_address_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["verify", "--url", "http://127.0.0.1:9", "--openapi", "/nowhere/api.json"]) == 2
    told = capsys.readouterr().err
    assert "http://127.0.0.1:9/nowhere/api.json" in told
    assert "there is no file /nowhere/api.json, so the server was asked" in told


def test_a_shell_replaces_its_own_variables():
    assert split_command("sh -c 'exec python app.py $PORT'") == ["sh", "-c", "exec python app.py $PORT"]


def test_no_app_is_started_for_another_machine_or_on_a_port_that_is_taken(tmp_path):
    line = command(tmp_path / "starts")
    with pytest.raises(PgagentsError, match="is another machine"), starting(line, "https://api.example.com"):
        pass
    with app.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(PgagentsError, match="something listens on port"), starting(line, url):
            pass
    assert list_starts(tmp_path / "starts") == []


OWNER = """
import os, signal, sys, time
from pgagents.cli.running.app import starting
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored
with starting(sys.argv[1], None):
    print("ready", flush=True)
    if sys.argv[2] == "exit": os._exit(9)
    if sys.argv[2] == "raise": raise ValueError
    time.sleep(60)
"""
ENDS = ["exit", "raise", "SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"]


@pytest.mark.parametrize("end", rarely(ENDS, "raise", "SIGTERM", "SIGKILL"))
def test_nothing_is_left_however_pgagents_ends(tmp_path, end):
    """Also if it is killed, as its guard ends the app then."""
    notes = tmp_path / "starts"
    words = [sys.executable, "-c", OWNER, command(notes, child=True), end]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == b"ready\n"
        ((group, _),) = list_starts(notes)
        if end.startswith("SIG"):
            assert has_processes(group)
            owner.send_signal(signal.Signals[end])
        owner.wait(600)
    assert nothing_runs(notes)


def test_the_ports_of_another_group_are_not_its_own():
    with app.socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert port not in list_ports(1 << 22)
        if Path("/proc/net/tcp").exists():
            assert port in list_ports(os.getpgrp())


TUTORIAL = (APP.parents[1] / "docs/tutorial.md").read_text(encoding="utf-8").partition("\n## 9.")[2]


@pytest.mark.matrix
def test_app_of_the_tutorial_shows_what_its_page_says(tmp_path, monkeypatch, capsys):
    """The traceback is that of the call which is shown, and nothing is left."""
    code, line, shown = (
        re.findall(rf"^```{kind}\b.*?\n(.*?)^```", TUTORIAL, re.M | re.S)[0]
        for kind in ("python", "sh", "text")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("PGAGENTS_TOKEN", raising=False)
    Path("app.py").write_text(code, encoding="utf-8")
    assert main([*shlex.split(line)[1:], "--report", "report.json"]) == 1
    said = capsys.readouterr().out
    assert [text for text in shown.splitlines() if text.strip() not in said] == []
    assert json.loads(Path("report.json").read_text())["footer"]["left_behind"] == []
    Path("app.py").write_text(code.replace('after: str = "0"', "after: int = 0"), encoding="utf-8")
    assert main([*shlex.split(line)[1:], "--only", "no_crashes/list_notes@rest"]) == 0
