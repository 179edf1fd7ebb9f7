"""`fleet.yaml` is read with places, and `pgagents fleet matrix` makes the jobs of a CI matrix of it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from pgagents.base.errors import InputError, PgagentsError
from pgagents.cli.inputs.verification import FOR_TOOLS, GROUPS, CommandLine
from pgagents.cli.main import cli, main
from pgagents.fleet.attempt import make_environment
from pgagents.fleet.fleet_file import MOST_APIS, OPTIONS, REFUSED, read_fleet
from pgagents.fleet.matrix import MOST_JOBS, list_arguments, list_jobs
from pgagents.fleet.run_folder import _make_digest, make_orders, name_leases

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/howto/fleet.md"
WHOLE = """\
fleet: 1
defaults: {allow_writes: true, max_requests: 2000, seed: 7}
apis:
  library:
    catalogue: library.yaml
    url: https://staging.example.com/library
    token: LIBRARY_KEY
    identities: {second: LIBRARY_KEY_2}
    shards: 2
    skip: [rate_limit, "it's"]
  notes: {openapi: notes.json, url: "http://127.0.0.1:8102", allow_writes: false}
"""

APIS = "fleet: 1\napis:\n"
ONE = f"{APIS}  a: {{url: 'http://h', catalogue: library.yaml, "


def write(folder: Path, text: str) -> Path:
    for name in ("library.yaml", "notes.json"):
        (folder / name).touch()
    path = folder / "fleet.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def list_problems(folder: Path, text: str) -> list[tuple[str, int]]:
    """The ids of a file's problems, each with its line."""
    with pytest.raises(InputError) as caught:
        read_fleet(write(folder, text))
    assert caught.value.exit_code == 2
    return [(d.id.removeprefix("fleet/"), d.span.line) for d in caught.value.diagnostics]


def test_matrix_has_a_job_for_each_api_and_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, WHOLE)
    monkeypatch.chdir(tmp_path)
    assert main(["fleet", "matrix", "fleet.yaml"]) == 0
    jobs = json.loads(capsys.readouterr().out)["include"]
    assert [job["name"] for job in jobs] == ["library.1-of-2", "library.2-of-2", "notes"]
    assert [job["report"] for job in jobs] == ["library.1-of-2.json", "library.2-of-2.json", "notes.json"]
    assert jobs[0]["keys"] == {"PGAGENTS_TOKEN": "LIBRARY_KEY", "PGAGENTS_TOKEN_SECOND": "LIBRARY_KEY_2"}
    assert jobs[2]["keys"] == {}
    assert jobs[2]["arguments"] == [
        "--url=http://127.0.0.1:8102", "--openapi=notes.json", "--max-requests=2000", "--seed=7",
    ]  # fmt: skip
    assert jobs[1]["arguments"][-2:] == ["--shard=2/2", "library.yaml"]
    assert all(shlex.split(job["command"]) == job["arguments"] for job in jobs)


def test_verify_takes_the_arguments_of_every_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option of a fleet file is one of `pgagents verify`, in the form in which that reads it."""
    values: dict[str, Any] = {
        "flag": True, "count": 3, "seconds": 2.5, "text": "bearer", "url": "http://h", "file": "library.yaml",
        "list": ["lax"], "day": "2026-03-01", "map": {"upload": "http://u"},
    }  # fmt: skip
    given = {
        name: option.words[0] if option.kind == "choice" else values[option.kind]
        for name, option in OPTIONS.items()
    }
    entry = {"catalogue": "library.yaml", "url": "https://h", "identities": {"second": "KEY"}, **given}
    write(tmp_path, json.dumps({"fleet": 1, "apis": {"library": entry}}))
    monkeypatch.chdir(tmp_path)
    (job,) = list_jobs(read_fleet(Path("fleet.yaml")))
    verify = cli.get_command(click.Context(cli), "verify")
    assert verify is not None
    line = CommandLine.read(verify.make_context("verify", list_arguments(job, tmp_path)).params)
    assert line.url == "https://h"
    assert line.catalogue == Path("library.yaml")
    assert line.identity == ("second",)
    assert (line.servers, str(line.selection.day)[:10]) == (("upload=http://u",), "2026-03-01")
    for name, value in given.items():
        if name in ("server", "day"):
            continue
        held = {"env": "description"}.get(name, name)
        groups = (line, line.extent, line.beside, line.selection, line.files, line.reporting)
        (read,) = (getattr(group, held) for group in groups if hasattr(group, held))
        assert read in (value, (value,)) or str(read) == str(value) or list(read) == value, name


def list_flags() -> set[str]:
    """The names of all options of `pgagents verify`."""
    verify = cli.get_command(click.Context(cli), "verify")
    assert verify is not None
    flags = [max(param.opts, key=len) for param in verify.params if isinstance(param, click.Option)]
    return {flag.lstrip("-").replace("-", "_") for flag in flags} - {"help_all"}


def test_each_option_of_verify_has_a_place_or_a_reason_why_not() -> None:
    assert not OPTIONS.keys() & REFUSED.keys()
    assert list_flags() == OPTIONS.keys() | REFUSED.keys() | {"url", "openapi"}
    of_tools = {"description": "env"}
    read = {one.name for group in GROUPS for one in fields(group) if one.metadata == FOR_TOOLS}
    allowed = {of_tools.get(name, name) for name in read} & OPTIONS.keys()
    assert {name for name, option in OPTIONS.items() if option.of_tools} == allowed


def test_example_of_the_page_names_contracts_that_its_apis_have(capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = re.findall(r"```yaml\n(fleet: 1\n.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    apis = yaml.safe_load(text)["apis"]
    skipped = [(api["catalogue"], start) for api in apis.values() for start in api.get("skip", ())]
    assert skipped
    for name, start in skipped:
        assert main(["contracts", str(ROOT / "tests/catalogues" / name)]) == 0
        assert re.search(rf"^\W*{start}", capsys.readouterr().out, re.M), start


@pytest.mark.parametrize("key", ["start", "mcp_stdio", "mcp-stdio", "journal", "receiver", "why"])
def test_an_option_without_a_place_says_why(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, f"{ONE}{key}: x}}")
    assert main(["fleet", "matrix", str(path)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert f"`{key}` has no place in a fleet file" in told
    assert REFUSED[key.replace("-", "_")] in told


def test_shipped_catalogue_stands_under_its_name_unless_a_file_has_it(tmp_path: Path) -> None:
    text = "fleet: 1\napis: {a: {url: 'http://h', catalogue: park-graph}}"
    (job,) = list_jobs(read_fleet(write(tmp_path, text)))
    assert list_arguments(job, tmp_path)[-1] == "park-graph"
    digests = {}
    whole = _make_digest(job, digests)
    assert digests["park-graph"]
    (tmp_path / "park-graph").touch()
    (job,) = list_jobs(read_fleet(tmp_path / "fleet.yaml"))
    assert list_arguments(job)[-1] == str(tmp_path / "park-graph")
    assert _make_digest(job, {}) != whole
    assert list_problems(tmp_path, text.replace("park-graph", "park-grave")) == [("file", 2)]


def test_mcp_server_alone_takes_what_concerns_it(tmp_path: Path) -> None:
    defaults = "defaults: {allow_writes: true, seed: 3, token: MAIN, identities: {second: KEY_2}}"
    entry = "a: {mcp_url: 'https://m/mcp', mcp_token: TOOLS_TOKEN}"
    fleet = read_fleet(write(tmp_path, f"fleet: 1\n{defaults}\napis:\n  {entry}"))
    (job,) = list_jobs(fleet)
    assert list_arguments(job) == ["--seed=3", "--mcp-url=https://m/mcp"]
    assert job.api.keys == {"PGAGENTS_MCP_TOKEN": "TOOLS_TOKEN"}
    assert job.api.server == "https://m:443"
    (order,) = make_orders(fleet, tmp_path, "r", 60)
    assert not order.journals
    assert list_problems(tmp_path, f"{APIS}  a: {{mcp_url: 'http://m', allow_writes: true, token: KEY}}") == [
        ("contradiction", 3), ("contradiction", 3),
    ]  # fmt: skip


def test_apis_with_a_server_in_common_have_one_lease(tmp_path: Path) -> None:
    more = {
        "a": "url: 'http://h', mcp_url: 'http://m/mcp'", "b": "url: 'http://g/x', server: {up: 'http://f:80'}",
        "c": "url: 'http://f/y', mcp_url: 'http://m'", "d": "url: 'https://h'", "e": "url: 'http://G'",
    }  # fmt: skip
    lines = [f"  {name}: {{catalogue: library.yaml, {text}}}" for name, text in more.items()]
    leases = name_leases(read_fleet(write(tmp_path, APIS + "\n".join(lines))).apis)
    assert len({leases[name] for name in "abce"}) == 1
    assert leases["d"] == "https://h:443"


def test_further_variables_go_to_their_api_alone(tmp_path: Path) -> None:
    lines = (
        "a: {url: 'http://h', catalogue: library.yaml, variables: [GATEWAY_KEY]}",
        "b: {mcp_url: 'http://m'}",
    )
    fleet = read_fleet(write(tmp_path, APIS + "\n".join(f"  {line}" for line in lines)))
    one, other = make_orders(fleet, tmp_path, "r", 60)
    ours = {"GATEWAY_KEY": "k", "PGAGENTS_MCP_TOKEN": "t", "PATH": "p"}
    hidden = {"GATEWAY_KEY"}
    assert make_environment(one, ours, hidden) == {"GATEWAY_KEY": "k", "PATH": "p"}
    assert make_environment(other, ours, hidden) == {"PATH": "p"}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [("type", 1)]),
        ("[]", [("type", 1)]),
        ("fleet: 2\napis: {a: {catalogue: library.yaml, url: 'http://h'}}", [("version", 1)]),
        ("fleet: 1\nfleets: 3\napis: {a: {catalogue: library.yaml, url: 'http://h'}}", [("unknown-key", 2)]),
        ("fleet: 1\napis: {}", [("type", 2)]),
        (APIS + "  a: {catalogue: library.yaml}\n  b: {openapi: notes.json}", [("no-url", 3), ("no-url", 4)]),
        (APIS + "  a: {}\n  a: {}", [("duplicate-key", 4)]),
        (APIS + "  A: {catalogue: library.yaml, url: 'http://h'}", [("name", 3)]),
        (APIS + "  ../a: {catalogue: library.yaml, url: 'http://h'}", [("name", 3)]),
        (APIS + "  a: {url: 'http://h'}", [("subject", 3)]),
        (ONE + "openapi: notes.json}", [("subject", 3)]),
        (APIS + "  a: {url: 'http://h', catalogue: gone.yaml}", [("file", 3)]),
        (APIS + "  a: {url: 'http://h?key=1', catalogue: library.yaml}", [("url", 3)]),
        (ONE + "shards: 65}", [("bound", 3)]),
        (ONE + "max_requests: true}", [("bound", 3)]),
        (ONE + "max_time: 0.5}", [("bound", 3)]),
        (ONE + "limits: true, shards: 2}", [("contradiction", 3)]),
        (ONE + "profile: fast}", [("value", 3)]),
        (ONE + "day: March}", [("type", 3)]),
        (ONE + "server: {upload: x}}", [("url", 3)]),
        (ONE + "server: {1: 'http://h'}}", [("name", 3)]),
        (ONE + "server: [x]}", [("type", 3)]),
        (ONE + "variables: [a b]}", [("no-variable", 3)]),
        (ONE + "cert: gone.pem}", [("file", 3)]),
        (APIS + "  a: {mcp_token: KEY}", [("no-url", 3), ("subject", 3)]),
        (f"defaults: {{url: x}}\n{ONE}}}", [("unknown-key", 1)]),
        (f"fleet: 1\napis: {'[' * 200}{']' * 200}", [("too-deep", 2)]),
    ],
)  # fmt: skip
def test_bad_file_is_refused_with_its_line(
    tmp_path: Path, text: str, problems: list[tuple[str, int]]
) -> None:
    assert list_problems(tmp_path, text) == problems


@pytest.mark.parametrize("key", ["sk-live-4Jh2", "AKIAIOSFODNN7EXAMPLE", "eyJhbGciOi", "", "a b"])
def test_a_key_in_the_file_is_refused_and_never_shown(
    tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = f"{{url: 'http://h', catalogue: library.yaml, token: '{key}'}}"
    path = write(tmp_path, f"fleet: 1\napis:\n  a: {entry}")
    assert main(["fleet", "matrix", str(path)]) == 2
    shown = capsys.readouterr().err
    assert "fleet.yaml:3:" in shown
    assert "export NAME" in shown
    assert not key or key not in shown


def test_address_of_a_document_with_a_password_is_refused_and_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for address in ("https://user:hidden@h/openapi.json", "https://h/openapi.json?key=hidden"):
        path = write(tmp_path, f"fleet: 1\napis:\n  a: {{url: 'http://h', openapi: '{address}'}}")
        assert main(["fleet", "matrix", str(path)]) == 2
        assert "hidden" not in capsys.readouterr().err


def test_too_many_apis_and_too_large_a_file_are_refused(tmp_path: Path) -> None:
    lines = "".join(f"  a{n}: {{}}\n" for n in range(MOST_APIS + 1))
    assert list_problems(tmp_path, f"fleet: 1\napis:\n{lines}") == [("too-many", 2)]
    assert list_problems(tmp_path, "#" * 8_000_001) == [("too-large", 1)]
    with pytest.raises(PgagentsError):
        read_fleet(tmp_path)


def test_a_matrix_beyond_the_limit_of_github_is_refused_and_its_parts_are_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    apis = {f"a{n}": {"url": f"http://h{n}", "catalogue": "library.yaml"} for n in range(MOST_JOBS + 1)}
    write(tmp_path, json.dumps({"fleet": 1, "apis": apis}))
    monkeypatch.chdir(tmp_path)
    assert main(["fleet", "matrix", "fleet.yaml"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "--part 1/2 to 2/2" in shown.err
    names = []
    for part in ("1/2", "2/2"):
        assert main(["fleet", "matrix", "fleet.yaml", "--part", part]) == 0
        names += [job["name"] for job in json.loads(capsys.readouterr().out)["include"]]
    assert sorted(names) == sorted(apis)
    assert main(["fleet", "matrix", "fleet.yaml", "--most", "300"]) == 0
    assert main(["fleet", "matrix", "fleet.yaml", "--part", "258/258"]) == 2


def read_blocks(language: str) -> list[str]:
    """The blocks of the page in a language, each with the folder's files in it."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def test_fleet_file_of_the_page_is_one(tmp_path: Path) -> None:
    for name in ("library.yaml", "payments.yaml"):
        (tmp_path / name).touch()
    path = write(tmp_path, next(block for block in read_blocks("yaml") if block.startswith("fleet: 1")))
    assert [job.name for job in list_jobs(read_fleet(path))]


def test_commands_of_the_workflow_exist_and_its_keys_are_those_of_the_matrix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job of each API gets its own keys alone, by the names that the matrix says."""
    workflow = yaml.safe_load(next(block for block in read_blocks("yaml") if block.startswith("name:")))
    write(tmp_path, WHOLE)
    monkeypatch.chdir(tmp_path)
    from pgagents.fleet.matrix import make_matrix

    job = make_matrix(read_fleet(Path("fleet.yaml")), tmp_path, part=(1, 1), most=MOST_JOBS)["include"][0]
    steps = [step for jobs in workflow["jobs"].values() for step in jobs["steps"]]
    lines = [line for step in steps for line in step.get("run", "").splitlines() if "pgagents " in line]
    assert len(lines) >= 2
    for line in lines:
        filled = re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda match: str(job[match.group(1)]), line)
        words = shlex.split(re.search(r"pgagents ([a-z][^>)]*)", filled).group(1))  # type: ignore[union-attr]
        if "install" in words:
            continue
        command: click.Command = cli
        context = click.Context(cli)
        while isinstance(command, click.Group):
            inner = command.get_command(context, words.pop(0))
            assert inner is not None, line
            command = inner
        command.make_context(command.name, words)
    verify = next(step for step in steps if "pgagents verify" in step.get("run", ""))
    assert verify["env"] == {
        name: f"${{{{ secrets[matrix.keys.{name}] }}}}"
        for name in ("PGAGENTS_TOKEN", "PGAGENTS_TOKEN_SECOND")
    }
    assert set(job["keys"]) <= set(verify["env"])
