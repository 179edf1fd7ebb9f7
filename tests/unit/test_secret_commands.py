"""Secrets that commands print: run without a shell, bounded, renewed when they are over or refused, and never
shown.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from inprocess import inside
from language_table import model_of
from pgagents.base.errors import InputError, PgagentsError
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.env import read_env
from pgagents.client import environment
from pgagents.client.client import Client
from pgagents.client.environment import MOST_BYTES, CommandSecrets, SecretCommand
from pgagents.report.formats.json import render
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from small_api import NOTES


def python(code: str, folder: Path, lives_s: float | None = None) -> SecretCommand:
    return SecretCommand((sys.executable, "-c", code), folder, lives_s)


COUNTING = """\
import pathlib
seen = pathlib.Path("count")
number = int(seen.read_text()) + 1 if seen.exists() else 1
seen.write_text(str(number))
print(f"test_key_{number}")
"""


def counting(folder: Path, lives_s: float | None = None, clock: Callable[[], float] = time.monotonic):
    return CommandSecrets({"main": python(COUNTING, folder, lives_s)}, {"main": None}, clock)


def test_output_is_the_secret_without_blanks_around_it(tmp_path: Path) -> None:
    assert python("print('  test_1 ')", tmp_path).run() == "test_1"


def test_words_are_no_shell_text_and_the_folder_is_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    words = (sys.executable, "-c", "import sys, os; print(sys.argv[1], os.listdir())", "$(id); `id` > x")
    assert SecretCommand(words, tmp_path).run() == "$(id); `id` > x ['here']"


@pytest.mark.parametrize(
    ("code", "limit_s", "message"),
    [
        ("import sys; print('s3cret'); sys.exit(3)", 60, "ended with 3"),
        (f"print('s3cret' * {MOST_BYTES})", 60, "printed more than"),
        ("while True: print('s3cret')", 60, "printed more than"),
        ("import time; print('s3cret', flush=True); time.sleep(600)", 1, "took more than 1 s"),
        ("import os, time; os.fork() and os._exit(0); time.sleep(600)", 1, "took more than 1 s"),
    ],
)
def test_command_is_bounded_and_what_it_printed_is_not_repeated(
    code: str, limit_s: int, message: str, tmp_path: Path
) -> None:
    begun = time.monotonic()
    with pytest.raises(PgagentsError) as error:
        python(code, tmp_path).run(limit_s)
    assert message in error.value.message
    assert "s3cret" not in f"{error.value.message} {error.value.help}"
    assert time.monotonic() - begun < 300


def test_missing_program_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(PgagentsError, match="no-such-program cannot be started: No such file"):
        SecretCommand(("no-such-program",), tmp_path).run()


def test_command_runs_again_when_the_secret_is_over_and_once_when_it_is_refused(tmp_path: Path) -> None:
    now = [0.0]
    secrets = counting(tmp_path, 100, lambda: now[0])
    assert secrets.find("main") == secrets.find("main") == "test_key_1"
    now[0] = 89
    assert secrets.find("main") == "test_key_1"
    now[0] = 91
    assert secrets.find("main") == "test_key_2"
    assert secrets.renew("main")
    assert secrets.find("main") == "test_key_3"


def test_same_secret_is_asked_for_once_after_refusals(tmp_path: Path) -> None:
    code = f"{COUNTING.replace('print', '#')}\nprint('test_same')"
    secrets = CommandSecrets({"main": python(code, tmp_path)}, {"main": None})
    secrets.find("main")
    assert [secrets.renew("main") for _ in range(3)] == [False, False, False]
    assert (tmp_path / "count").read_text() == "2"


@pytest.mark.parametrize(
    ("first", "second", "prefixes"),
    [
        ("test_a", "live_a", {"test_": "test", "live_": "live"}),
        ("sk_test_a", "sk_live_a", {"sk_": "live", "sk_test_": "test"}),
    ],
)
def test_key_of_another_mode_stops(tmp_path: Path, first: str, second: str, prefixes: dict[str, str]) -> None:
    code = COUNTING.replace('f"test_key_{number}"', f'"{first}" if number == 1 else "{second}"')
    credential = model_of("wrong-key-code").credential
    assert credential is not None
    credential = replace(credential, prefixes=prefixes)
    secrets = CommandSecrets({"main": python(code, tmp_path)}, {"main": credential})
    secrets.find("main")
    with pytest.raises(PgagentsError, match="a key of another mode"):
        secrets.renew("main")


def test_output_that_is_no_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    credential = model_of("wrong-key-code").credential
    secrets = CommandSecrets({"main": python("print('two words')", tmp_path)}, {"main": credential})
    with pytest.raises(PgagentsError) as error:
        secrets.find("main")
    assert "characters that no key has" in error.value.message
    assert "two words" not in error.value.message


# -- in the description of a server


def described(folder: Path, text: str):
    path = folder / "staging.yaml"
    path.write_text(text, encoding="utf-8")
    return read_env(path, roles={"main": None, "second": None}, values={}, variables={})


def test_description_names_a_command(tmp_path: Path) -> None:
    env = described(tmp_path, "identities: {main: {command: [get-token, --raw], lives_s: 3000}}")
    assert env.commands == {"main": SecretCommand(("get-token", "--raw"), tmp_path, 3000)}
    assert env.identities == {}


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ("{command: get-token --raw}", "a command is a list of words"),
        ("{command: []}", "a command is a list of words"),
        ("{command: [get, 3]}", "a command is a list of words"),
        ("{lives_s: 3}", "a command is a list of words"),
        ("{command: [get], lives_s: 0}", "a number of seconds above 0"),
        ("{command: [get], lives: 3}", "unknown key `lives`"),
        ("[get-token]", "not a name of an environment variable"),
    ],
)
def test_fault_of_a_command_is_told_at_its_place(identity: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        described(tmp_path, f"identities: {{main: {identity}}}")
    assert [d.message for d in error.value.diagnostics if message in d.message]


# -- in calls


class Rotating:
    """Serves a sandbox whose keys are those that the command prints; only the one of `good` is accepted."""

    def __init__(self, handler: Handler, real: str) -> None:
        self.handler, self.real, self.good = handler, real, 1
        self.shown: list[str] = []

    def __call__(self, request: Request) -> Response | Silence:
        given = request.header("authorization") or ""
        if given.startswith("Bearer test_key_"):
            self.shown.append(given.removeprefix("Bearer "))
            right = self.shown[-1] == f"test_key_{self.good}"
            request = request.with_header("Authorization", f"Bearer {self.real if right else 'test_old'}")
        return self.handler(request)


def test_client_calls_again_with_a_new_key_once(tmp_path: Path) -> None:
    model = load_text(NOTES, "notes.yaml")
    opened = inside(model)
    server, secrets = Rotating(opened.sandbox.handler, opened.keys["main"]), counting(tmp_path)
    key = secrets.find("main")

    async def send(request: Request) -> Response | Silence:
        return server(request)

    async def run() -> list[int | None]:
        client = Client(model, send, key, commands=secrets)
        first = await client.call("list_notes", {})
        server.good = 2
        second = await client.call("list_notes", {})
        server.good = 9
        third = await client.call("list_notes", {})
        return [first.status, second.status, third.status]

    assert asyncio.run(run()) == [200, 200, 401]
    assert server.shown == [f"test_key_{number}" for number in (1, 1, 2, 2, 3)]


def run_verify(model: Model, server: Rotating, secrets: CommandSecrets, opened):
    identities = Identities({"main": secrets.find("main")}, commands=secrets)
    return verify(
        model,
        server,
        identities,
        Options(allow_writes=True, live=False, only=("valid_calls/", "response_schema/", "no_leaks/")),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="https://notes.example",
        timer=opened.timer,
    )


def test_run_goes_on_with_the_new_key(tmp_path: Path) -> None:
    model = load_text(NOTES, "notes.yaml")
    opened = inside(model)
    server, secrets = Rotating(opened.sandbox.handler, opened.keys["main"]), counting(tmp_path)
    calls = 0

    def turning(request: Request) -> Response | Silence:
        nonlocal calls
        calls += 1
        server.good = 2 if calls > 3 else 1
        return server(request)

    report = run_verify(model, turning, secrets, opened)  # type: ignore[arg-type]  # a handler is enough
    assert report.findings == ()
    assert any("was refused, and its command gave another" in note for note in report.footer.notes)
    assert server.shown.count("test_key_1") < 6
    assert "test_key_2" in server.shown


def test_report_masks_every_key_of_a_command(tmp_path: Path) -> None:
    model = load_text(NOTES, "notes.yaml")
    opened = inside(model)
    server, secrets = Rotating(opened.sandbox.handler, opened.keys["main"]), counting(tmp_path)

    def telling(request: Request) -> Response | Silence:
        server.good = 2
        answer = server(request)
        if isinstance(answer, Response) and answer.status == 200:
            return replace(answer, body=b'{"you": "%s"}' % (request.header("authorization") or "").encode())
        return answer

    report = run_verify(model, telling, secrets, opened)  # type: ignore[arg-type]  # a handler is enough
    text = render(report, model.source)
    assert report.findings
    assert b"[key of main]" in text
    assert b"test_key_" not in text


def test_key_that_stays_refused_is_no_endless_loop(tmp_path: Path) -> None:
    model = load_text(NOTES, "notes.yaml")
    opened = inside(model)
    server, secrets = Rotating(opened.sandbox.handler, opened.keys["main"]), counting(tmp_path)
    server.good = 0
    report = run_verify(model, server, secrets, opened)
    assert report.exit_code != 0
    assert int((tmp_path / "count").read_text()) < 60


def test_failing_command_ends_the_run_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_text(NOTES, "notes.yaml")
    opened = inside(model)
    server = Rotating(opened.sandbox.handler, opened.keys["main"])
    code = COUNTING.replace("print(", "number == 2 and exit(7)\nprint(")
    secrets = CommandSecrets({"main": python(code, tmp_path, 1)}, {"main": None}, opened.timer)
    monkeypatch.setattr(environment, "EARLY", 1.0)
    report = run_verify(model, server, secrets, opened)
    assert "ended with 7" in str(report.footer)
