"""The README says what is so: its commands run, its lists are current."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pgagents.cli.main import cli
from pgagents.contract import Verdict
from test_layers import ORDER

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line[2:] for block in re.findall(r"^```console\n(.*?)^```", README, re.M | re.S) for line in block.splitlines() if line[:2] == "$ "
]
SET_UP = ("make ", "pip ", ". .venv/")  # they install, which a test does not; `make` targets are looked up below
FINDS = {"pgagents demo --fault money-rounded-down": 1}


def block_after(words: str) -> str:
    found = re.search(r"^```\w*\n(.*?)^```", README[README.index(words) :], re.M | re.S)
    assert found
    return found.group(1)


def test_list_of_commands_is_current() -> None:
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    width = max(map(len, commands)) + 2
    assert block_after("## Commands") == "".join(f"{n:<{width}}{c.get_short_help_str(80)}\n" for n, c in commands.items() if c)


def test_line_of_layers_is_the_one_that_is_held() -> None:
    written = block_after("A module imports only what stands left of it").split()
    assert written == ["/".join(sorted(group)) for group in ORDER]


def test_verdicts_and_exit_codes_are_all_explained() -> None:
    for verdict in Verdict:
        assert f"*{verdict.value.replace('_', ' ')}*" in README
    assert re.findall(r"^\| (\d) \|", README, re.M) == ["0", "1", "2", "3", "4"]


def test_make_targets_of_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    used = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join([*COMMANDS, *re.findall(r"`(make [a-z]+)`", README)])))
    assert {"demo", "test"} <= used
    for target in used:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_ci_runs_the_test_command_of_the_readme() -> None:
    steps = [line for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines() if line.startswith("make")]
    assert steps[0] == "make test"
    assert steps[0] in COMMANDS
    assert all(f"`{step}`" in README for step in steps[1:])


def test_files_that_the_readme_names_exist() -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path


@pytest.fixture(scope="module")
def run_as_written(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, str]]:
    """Every command in one shell, in a copy of what it reads; only the port is another."""
    folder = tmp_path_factory.mktemp("readme")
    for part in ("catalogue", "generated", "tests/catalogues"):
        shutil.copytree(ROOT / part, folder / part)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = [line for line in COMMANDS if not line.startswith(SET_UP) and ("curl" not in line or shutil.which("curl"))]
    script = ["set -m", *(f"{{ {line}\n}} > {n}.out 2>&1\necho $? >> codes" for n, line in enumerate(lines))]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PGAGENTS_")}
    environment["PATH"] = f"{_bin(folder)}:{environment['PATH']}"
    text = "\n".join(script).replace("8080", str(port))
    subprocess.run(["bash", "-c", text], cwd=folder, env=environment, check=False, timeout=240, stdin=subprocess.DEVNULL)
    codes = [int(code) for code in (folder / "codes").read_text(encoding="utf-8").split()]
    return [
        (line, code, (folder / f"{n}.out").read_text(encoding="utf-8")) for n, (line, code) in enumerate(zip(lines, codes, strict=True))
    ]


def test_lines_with_curl_are_run_too() -> None:
    assert any("curl" in line for line in COMMANDS)
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, so those lines of the README are not run")


def _bin(folder: Path) -> Path:
    """A folder with `pgagents`, run by the Python of this test."""
    made = folder / "bin"
    made.mkdir()
    script = made / "pgagents"
    script.write_text(f"#!{sys.executable}\nfrom pgagents.cli.main import run\nrun()\n", encoding="utf-8")
    script.chmod(0o755)
    return made


def test_commands_of_the_readme_run_as_written(run_as_written: list[tuple[str, int, str]]) -> None:
    assert len(run_as_written) > 8
    for line, code, said in run_as_written:
        assert code == FINDS.get(line, 0), f"$ {line}\n{said}"
