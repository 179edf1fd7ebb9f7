"""The command line: one message and exit code for each wrong call; reports on stdout, the rest on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import jsonschema_rs
import pytest

from importing import openapi
from pgagents.base.errors import PgagentsError
from pgagents.base.reading import parse
from pgagents.base.registry import folder
from pgagents.catalogue.load import load_file
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs import report_files
from pgagents.cli.inputs.server import check_role
from pgagents.cli.main import cli, main
from pgagents.cli.running import progress, run
from pgagents.client.environment import base_url
from pgagents.importer.overlay.load import load_overlay
from pgagents.report.contract import Rank
from pgagents.verify.plan.options import FINISHING, Progress
from starting import wait_for_ready

SHOP = str(Path(__file__).parents[1] / "catalogues" / "shop.yaml")
PGAGENTS = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]
URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _no_key_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("PGAGENTS_"):
            monkeypatch.delenv(name)


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


WRONG_CALLS = {
    "no url": ([SHOP], "Missing option '--url'"),
    "url without scheme": ([SHOP, "--url", "staging.example.com"], "is not an http or https URL"),
    "url of a file": ([SHOP, "--url", "file:///etc/passwd"], "is not an http or https URL"),
    "url with a key": (
        [SHOP, "--url", "https://key@staging.example.com"],
        "has more than scheme, host, port and path",
    ),
    "url with a query": (
        [SHOP, "--url", "https://staging.example.com/?key=1"],
        "has more than scheme, host, port and path",
    ),
    "url with a wrong port": ([SHOP, "--url", "https://staging.example.com:99999"], "Port out of range"),
    "unknown profile": (
        [SHOP, "--url", URL, "--profile", "quick"],
        "'quick' is not one of 'smoke', 'standard', 'deep'",
    ),
    "endless wait": ([SHOP, "--url", URL, "--max-wait", "inf"], "inf is not a number of seconds"),
    "wait that is not a number": (
        [SHOP, "--url", URL, "--max-wait", "nan"],
        "nan is not a number of seconds",
    ),
    "endless run": ([SHOP, "--url", URL, "--max-time", "1e400"], "1e400 is not a number of seconds"),
    "time that is not a number": (
        [SHOP, "--url", URL, "--max-time", "nan"],
        "nan is not a number of seconds",
    ),
    "time before now": ([SHOP, "--url", URL, "--max-time", "-inf"], "-inf is not in the range x>=1"),
    "no requests": ([SHOP, "--url", URL, "--max-requests", "0"], "0 is not in the range x>=1"),
    "no worker": ([SHOP, "--url", URL, "--workers", "0"], "0 is not in the range 1<=x<=8"),
    "too many workers": ([SHOP, "--url", URL, "--workers", "1000"], "1000 is not in the range 1<=x<=8"),
    "text for a number": ([SHOP, "--url", URL, "--seed", "x"], "'x' is not a valid integer range"),
    "report of an unknown form": (
        [SHOP, "--url", URL, "--report", "out.pdf"],
        "the name ends in none of .json, .xml",
    ),
    "report in no folder": (
        [SHOP, "--url", URL, "--report", "no/such/out.json"],
        "there is no folder no/such",
    ),
    "unknown contract": (
        [SHOP, "--url", URL, "--only", "no_such_check"],
        "no contract's id is this or begins so",
    ),
    "unknown contracts": (
        [SHOP, "--url", URL, "--only", "response_shema", "--only", "valid_cals"],
        "did you mean `response_schema`? did you mean `valid_calls`?",
    ),
    "all that is selected is skipped": (
        [SHOP, "--url", URL, "--only", "law/", "--skip", "law"],
        "together leave no contract",
    ),
    "nothing to skip": ([SHOP, "--url", URL, "--skip", ""], "--skip is empty"),
    "nothing selected": ([SHOP, "--url", URL, "--only", ""], "--only is empty"),
    "nothing of what is open": (
        [SHOP, "--url", URL, "--discovery", "--only", "law"],
        "--discovery tries nothing of --only law",
    ),
    "failures of a report": ([SHOP, "--url", URL, "--failed-in", SHOP], "No such option '--failed-in'"),
    "unknown role": ([SHOP, "--url", URL, "--identity", "nobody"], "the catalogue has no such role"),
    "role without a key": (
        [SHOP, "--url", URL, "--identity", "main=NO_SUCH_VARIABLE"],
        "NO_SUCH_VARIABLE is not set",
    ),
    "no key": ([SHOP, "--url", URL], "there is no key"),
    "no catalogue": (["no.yaml", "--url", URL], "cannot read the catalogue no.yaml"),
    "no certificate": ([SHOP, "--url", URL, "--cacert", "no.pem"], "'no.pem' does not exist"),
    "key as an argument": ([SHOP, "--url", URL, "--token", "x"], "No such option"),
}


def test_role_of_a_catalogue_without_roles_says_where_they_would_be() -> None:
    model = load_file(Path(SHOP))
    bare = replace(model, auth=model.auth.model_copy(update={"roles": {}}))
    with pytest.raises(PgagentsError) as told:
        check_role(bare, "second")
    assert "`auth.roles`" in (told.value.help or "")
    with pytest.raises(PgagentsError) as told:
        check_role(model, "nobody")
    assert "`auth.roles`" not in (told.value.help or "")


def test_second_key_of_a_short_catalogue_is_lifted_by_the_line_that_its_help_names() -> None:
    paths = {
        "/notes": {
            "post": {"operationId": "create_note", "responses": {"201": {"description": "x", **NOTE}}},
        },
        "/notes/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"operationId": "get_note", "responses": {"200": {"description": "x", **NOTE}}},
        },
    }
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "K"}}
    document = openapi(paths, components={"securitySchemes": schemes}, security=[{"key": []}])

    def load(line: str) -> Model:
        source = parse(f"pgagents: 1\nopenapi: ./notes.json\n{line}\n", "short.yaml", folder=Path("/"))
        return load_overlay(source, lambda _: json.dumps(document).encode())

    with pytest.raises(PgagentsError) as told:
        check_role(load(""), "second")
    line = (told.value.help or "").split("`")[1]
    assert line == "resources: {note: {tenant: true}}"
    assert check_role(load(line), "second") == "second"


NOTE = {
    "content": {"application/json": {"schema": {"type": "object", "properties": {"id": {"type": "integer"}}}}}
}


def test_the_key_of_a_further_scheme_of_a_document_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "either.json"
    schemes = {
        "basic": {"type": "http", "scheme": "basic"},
        "key": {"type": "apiKey", "in": "header", "name": "K"},
    }
    read = {
        "operationId": "list",
        "security": [{"basic": []}, {"key": []}],
        "responses": {"200": {"description": "x"}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Either", "version": "1"},
        "paths": {"/all": {"get": read}},
        "components": {"securitySchemes": schemes},
    }
    path.write_text(json.dumps(document))
    source = parse("pgagents: 1\nopenapi: ./either.json\n", "short.yaml", folder=tmp_path)
    model = load_overlay(source, lambda _: path.read_bytes())
    holders = {role: check_role(model, role) for role in ("main", "main.basic", "main.key")}
    assert holders == {"main": "main", "main.basic": "main", "main.key": "main.key"}
    with pytest.raises(PgagentsError) as told:
        check_role(model, "main.kye")
    assert "no scheme" in str(told.value)
    assert "key" in (told.value.help or "")


@pytest.mark.parametrize("kind", WRONG_CALLS)
def test_wrong_call_is_one_message_and_exit_code_2(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", open(os.devnull, encoding="utf-8"))  # noqa: PTH123, SIM115  # closed with the test's process
    words, says = WRONG_CALLS[kind]
    code, out, err = call(capsys, "verify", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
    assert err.lower().count("error") == 1


def test_key_with_a_line_break_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGAGENTS_TOKEN", "abc\r\nX-Admin: 1")
    code, _, err = call(capsys, "verify", SHOP, "--url", URL)
    assert code == 2
    assert "holds characters that no key has" in err
    assert "X-Admin" not in err


@pytest.mark.parametrize("key", ["Bearer abc123", "ApiKey abc123", "Authorization: Token abc123"])
def test_key_with_the_word_before_it_says_to_leave_the_word_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("PGAGENTS_TOKEN", key)
    code, _, err = call(capsys, "verify", SHOP, "--url", URL)
    word = key.split()[-2]
    assert code == 2
    assert f"write the key alone, without `{word}`" in err
    assert f"--auth header:Authorization:{word}" in err
    assert "abc123" not in err


def test_url_keeps_its_path_and_loses_its_last_slash() -> None:
    assert base_url("https://staging.example.com/base/") == "https://staging.example.com/base"
    assert base_url("http://[::1]:8080") == "http://[::1]:8080"
    for wrong in ("http://", "https://a b", "http://a:0", "//a", "http://a#b", "http://[::1"):
        with pytest.raises(PgagentsError):
            base_url(wrong)


def test_catalogue_with_faults_is_exit_code_2_with_every_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        Path(SHOP).read_text(encoding="utf-8").replace("\napi:", "\napi2: 1\napi:", 1), encoding="utf-8"
    )
    code, out, err = call(capsys, "contracts", str(path))
    assert (code, out) == (2, "")
    assert f"{path}:" in err
    assert "unknown key `api2`" in err
    assert err.endswith("\n1 error\n")


def test_fault_of_our_own_is_exit_code_4(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("pgagents.verify.run.run.contracts", broken)
    code, _, err = call(capsys, "contracts", SHOP)
    assert code == 4
    assert "ZeroDivisionError" in err
    assert "an error of pgagents itself" in err


def test_contracts_are_listed_without_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "contracts", SHOP, "--format", "json")
    assert code == 0
    listed = json.loads(out)
    ids = [c["contract"] for c in listed["contracts"]]
    assert len(ids) == len(set(ids)) > 20
    assert all(
        c["says"] and c["source"]["line"] >= 1 and c["contract"].startswith(c["check"])
        for c in listed["contracts"]
    )
    assert listed["requests"] > 0
    code, out, _ = call(capsys, "contracts", SHOP)
    assert code == 0
    assert all(id in out for id in ids)


def test_plan_is_the_same_for_the_same_seed_and_sends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The URL leads nowhere, and that does not matter."""
    first = call(capsys, "verify", SHOP, "--url", URL, "--plan", "--seed", "7")
    assert first[0] == 0
    assert "(nothing is sent)" in first[1]
    assert call(capsys, "verify", SHOP, "--url", URL, "--plan", "--seed", "7") == first


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The shop's mock on a real port."""
    ready = tmp_path_factory.mktemp("sandbox") / "ready.json"
    child = subprocess.Popen(
        [*PGAGENTS, "sandbox", SHOP, "--port", "0", "--ready", str(ready)], stdout=subprocess.DEVNULL
    )
    try:
        found = wait_for_ready(ready, child)
        yield found
    finally:
        child.terminate()
        child.wait(600)


def _environment(sandbox: dict[str, Any]) -> dict[str, str]:
    return {**os.environ, "PGAGENTS_TOKEN": sandbox["keys"]["unlimited"]}


def test_verify_writes_the_report_on_stdout_and_into_files(sandbox: dict[str, Any], tmp_path: Path) -> None:
    files = [tmp_path / "out.json", tmp_path / "out.xml"]
    words = ["verify", SHOP, "--url", sandbox["url"], "--report", str(files[0]), "--report", str(files[1])]
    done = subprocess.run(
        [*PGAGENTS, *words], env=_environment(sandbox), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("exit 0: nothing found")
    assert "\x1b" not in done.stdout + done.stderr
    assert sandbox["keys"]["unlimited"] not in done.stdout + done.stderr + files[0].read_text(
        encoding="utf-8"
    )
    data = json.loads(files[0].read_text(encoding="utf-8"))
    schema: Any = jsonschema_rs.Draft202012Validator(
        json.loads((folder("schemas") / "report.schema.json").read_text(encoding="utf-8"))
    )
    assert [e.message for e in schema.iter_errors(data)] == []
    assert data["footer"]["complete"] is True
    assert (
        len(xml.fromstring(files[1].read_bytes()).findall("./testsuite/testcase"))
        == data["header"]["contracts"]
    )
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_server_that_never_answers_is_exit_code_3() -> None:
    environment = {**os.environ, "PGAGENTS_TOKEN": "tst_nothing"}
    done = subprocess.run(
        [*PGAGENTS, "verify", SHOP, "--url", URL, "--max-time", "5", "--max-wait", "1"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: nothing listens at ")


class _Slow(BaseHTTPRequestHandler):
    """A server that takes its time and then knows little."""

    asked = threading.Event()
    requests = 0

    def do_GET(self) -> None:
        _Slow.requests += 1
        if _Slow.requests > 1:  # the first is sent before the run begins
            self.asked.set()
        time.sleep(0.2)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, *_: Any) -> None: ...


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_in_a_partial_report(number: int, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    _Slow.asked.clear()
    _Slow.requests = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Slow) as server:
        server.daemon_threads = False  # its end waits for answers to a client that has gone, and their errors
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words = ["verify", SHOP, "--url", f"http://127.0.0.1:{server.server_port}", "--report", str(out)]
        environment = {**os.environ, "PGAGENTS_TOKEN": "tst_nothing"}
        child = subprocess.Popen(
            [*PGAGENTS, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert _Slow.asked.wait(600)
        child.send_signal(number)
        printed, errors = child.communicate(timeout=600)
        server.shutdown()
    assert child.returncode == 130, printed + errors
    assert printed.endswith("\nexit 130: stopped before the end\n")
    assert json.loads(out.read_text(encoding="utf-8"))["footer"]["complete"] is False
    assert "not complete" in printed
    assert "stopping, undoing what was made; once more leaves it behind\n" in errors


def test_interrupt_that_a_library_swallowed_ends_the_run_before_the_next_case() -> None:
    """A library that calls back into Python from another language may print an exception raised there, and
    go on.
    """
    seen: list[Progress] = []
    with run.signals() as stop:
        heeded = run.heeding(stop, seen.append)
        heeded(Progress(1, 9, 0, 9, 0, 1.0, "a case"))
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            heeded(Progress(2, 9, 0, 9, 0, 1.0, "the next case"))
        heeded(Progress(2, 9, 0, 9, 0, 1.0, FINISHING))
        heeded(Progress(2, 9, 0, 9, 0, 1.0, "undoing, slowly", waiting_s=1.0))
    assert len(seen) == 3


def test_demo_that_is_interrupted_while_it_builds_says_so_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(
        "pgagents.generate.build.build", lambda *_args, **_named: signal.raise_signal(signal.SIGINT)
    )
    code, _, err = call(capsys, "demo")
    assert code == 130
    assert err.split() == ["stopped"]


def test_key_is_asked_for_on_a_terminal_and_not_shown() -> None:
    main_end, terminal = pty.openpty()
    child = subprocess.Popen(
        [*PGAGENTS, "verify", SHOP, "--url", URL, "--max-time", "1"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    try:
        assert b"API key (not shown)" in _read(main_end, b"shown)")
        os.write(main_end, b"secret key\n")
        assert b"holds characters that no key has" in (rest := _read(main_end, b"has"))
        assert b"secret" not in rest
        assert child.wait(600) == 2
    finally:
        child.kill()
        child.communicate()
        os.close(main_end)


def _read(handle: int, until: bytes) -> bytes:
    found = b""
    end = time.monotonic() + 60
    while until not in found and time.monotonic() < end:
        if select.select([handle], [], [], 0.2)[0]:
            try:
                found += os.read(handle, 4096)
            except OSError:
                break
    return found


def test_progress_says_pace_time_left_and_findings_by_rank() -> None:
    ranks = {Rank.WRONG: 2, Rank.CRASH: 1}
    assert (
        progress.describe_progress(Progress(100, 650, 40, 900, 4, 10.0, "search", ranks=ranks))
        == "10/s · about 55 s left · 1 crash, 2 wrong answers · search"
    )
    assert (
        progress.describe_progress(Progress(10, 650, 4, 900, 0, 60.0, waiting_s=12))
        == "10/min · about 64 min left · waiting 12 s for the server's limit"
    )
    assert progress.describe_progress(Progress(0, 0, 0, 0, 0, 0.0)) == "0/min"
    generated = Progress(
        245, 265, 40, 900, 2, 49.0, "random calls are generated: 91 of at most 1810", ranks=ranks
    )
    assert (
        progress.describe_progress(generated)
        == "5/s · 1 crash, 2 wrong answers · random calls are generated: 91 of at most 1810"
    )


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert report_files.colour() is True
    monkeypatch.setenv("NO_COLOR", "1")
    assert report_files.colour() is False


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fault", "no-such-fault"), "there is no fault 'no-such-fault'"),
        (("--fault", "money-rounded-dwn"), "did you mean `money-rounded-down`?"),
        (("--only", "no_such_check"), "no contract's id is this or begins so"),
    ],
)
def test_demo_refuses_an_unknown_name_before_it_builds(
    words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "demo", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 2


def test_a_selection_goes_on_without_a_contract_that_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    only = ("--only", "law/gone", "--only", "response_schema")
    code, out, err = call(capsys, "verify", SHOP, "--url", URL, "--plan", *only)
    assert (code, "contracts (nothing is sent)" in out) == (0, True)
    assert "the others are tried" in err
    assert err.count("law/gone") == 1


def test_list_of_commands_shows_the_short_help_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    """The list reads files instead of importing the commands."""
    assert main(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.partition("Commands:")[2].split())
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.short_help
        assert f"{name} {command.short_help}" in shown


@pytest.mark.parametrize("name", cli.list_commands(click.Context(cli)))
def test_help_of_every_command_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, name, "--help")
    assert code == 0
    calls = [
        line
        for line in re.split("Examples?:", out)[-1].splitlines()
        if line.strip().startswith(f"pgagents {name}")
    ]
    assert calls
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    flags = {
        opt
        for sub in [command, *getattr(command, "commands", {}).values()]
        for param in sub.params
        for opt in param.opts
    }
    words = {word for line in calls for word in shlex.split(line)}  # a quoted command has flags of its own
    assert {word for word in words if word.startswith("--")} <= flags | {"--help"}


def test_nothing_is_left_in_the_folder_a_user_stands_in(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HYPOTHESIS_")} | {
        "XDG_CACHE_HOME": str(tmp_path / "cache")
    }
    here = tmp_path / "here"
    here.mkdir()
    done = subprocess.run(
        [*PGAGENTS, "contracts", SHOP], cwd=here, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert list(here.iterdir()) == []


def test_closed_stdout_is_no_finding() -> None:
    """Exit code 1 would say that something was found."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*PGAGENTS, "sandbox", "--list-faults"], stdout=write_end, stderr=subprocess.PIPE, check=False
    )
    os.close(write_end)
    assert done.returncode == 141
    assert done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("words", [("contracts", SHOP), ("--help",), ("explain",)])
def test_full_disk_is_no_fault_of_ours(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PGAGENTS, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["error: cannot write: No space left on device", "  help: make room"]


def test_misspelt_command_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert "No such command 'lnt'. Did you mean 'lint'?" in call(capsys, "lnt")[2]
    assert "Did you mean" not in call(capsys, "frobnicate")[2]


def test_error_about_a_hostile_name_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "contracts", "a\x1b[2J\u202e.yaml")
    assert code == 2
    assert "a\\x1b[2J\\x202e.yaml" in err
    assert "\x1b" not in err


@pytest.mark.parametrize("where", ["no/such/ready.json", "."])
def test_sandbox_that_cannot_say_it_is_ready_does_not_start(
    where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "sandbox", SHOP, "--port", "0", "--ready", where)
    assert (code, out) == (2, "")
    assert "--ready" in err
    assert "Traceback" not in err


def test_help_of_verify_is_one_screen_and_all_of_it_names_each_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen, whole = (call(capsys, "verify", flag)[1] for flag in ("--help", "--help-all"))
    assert len(screen.splitlines()) <= 24
    assert [line for line in screen.splitlines() if len(line) > 80] == []
    verify = cli.get_command(click.Context(cli), "verify")
    assert verify is not None
    flags = [param.opts[0] for param in verify.params if isinstance(param, click.Option)]
    assert len(flags) > 20
    assert [flag for flag in flags if f"  {flag}" not in whole and f", {flag}" not in whole] == []
    assert whole.count("--openapi /openapi.json --start") == 1
