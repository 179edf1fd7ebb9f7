"""The README says what is so: its commands run, its lists are current."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

import pages
from pgagents.cli.main import cli
from pgagents.contract import Verdict
from test_layers import ORDER

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = pages.commands(README)
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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the README's commands run."""
    return tmp_path_factory.mktemp("readme")


@pytest.fixture(scope="module")
def run_as_written(folder: Path) -> list[tuple[str, int, str]]:
    """Every command of the README."""
    return pages.run(COMMANDS, folder)


def test_lines_with_curl_are_run_too() -> None:
    assert any("curl" in line for line in COMMANDS)
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, so those lines of the README are not run")


def test_commands_of_the_readme_run_as_written(run_as_written: list[tuple[str, int, str]]) -> None:
    assert len(run_as_written) > 8
    for line, code, said in run_as_written:
        assert code == FINDS.get(line, 0), f"$ {line}\n{said}"
        if line in FINDS:
            assert [shown for shown in finding() if shown not in said] == [], said


LONG = ("pgagents demo", "pgagents verify")
"""Commands that leave nothing which a second run could stumble over."""


def test_commands_of_the_readme_run_once_more_in_the_same_folder(run_as_written: list[tuple[str, int, str]], folder: Path) -> None:
    assert run_as_written
    for line, code, said in pages.run([line for line in COMMANDS if not line.startswith(LONG)], folder):
        assert code == 0, f"$ {line}\n{said}"


def test_files_that_the_commands_of_the_readme_leave_are_ignored(run_as_written: list[tuple[str, int, str]], folder: Path) -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no checkout")
    assert run_as_written
    ours = {folder / "codes", *(folder / "bin").iterdir(), *folder.glob("*.out")}
    left = [
        str(p.relative_to(folder))
        for p in folder.rglob("*")
        if p.is_file() and p not in ours and not (ROOT / p.relative_to(folder)).exists()
    ]
    done = subprocess.run(["git", "check-ignore", *left], cwd=ROOT, capture_output=True, text=True, check=False)
    assert sorted(set(left) - set(done.stdout.splitlines())) == []


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_commands_end_where_the_port_is_taken(page: str, tmp_path: Path) -> None:
    """The sandbox says so and ends with exit code 2, and nothing waits for it for ever."""
    lines = pages.commands((ROOT / page).read_text(encoding="utf-8"))
    waiting = [line for line in lines if line.startswith("until ") or line.endswith("&")]
    assert len(waiting) == 4
    for name in ("ready", "live", "broken"):
        (tmp_path / f"{name}.json").write_text("{}", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = pages.run(["pgagents init", *waiting, "wait"], tmp_path, copied=(), port=port)
    assert len(done) == len(waiting) + 2
    told = [said for _, _, said in done if f"error: port {port} is in use" in said]
    assert len(told) == sum(line.endswith("&") for line in waiting) == 2
    assert all(said.count("error:") == 1 for said in told)
    left = {path.stem for path in tmp_path.glob("*.json")}
    assert left == {"ready", "live", "broken"} - set(re.findall(r"--ready (\w+)", "\n".join(waiting))), "keys of an earlier run"


def finding() -> list[str]:
    """The lines of the finding that the README shows, without its number and the amounts, which depend on the day."""
    found = re.search(r"^```text\n(error\[.*?)^```", README, re.M | re.S)
    assert found
    first, *others = found.group(1).splitlines()
    exact = [line for line in others if "|" in line or not re.search(r"= \d|^ +\d", line)]
    assert len(exact) >= 7
    return [first.partition("]")[0], *exact]


GUIDE = sorted(p for p in (ROOT / "docs").glob("**/*.md") if p.parent.name not in ("reference", "decisions"))


@pytest.mark.parametrize("page", GUIDE, ids=lambda p: p.stem)
def test_commands_of_the_guide_run_as_written(page: Path, tmp_path: Path) -> None:
    lines = pages.commands(page.read_text(encoding="utf-8"))
    copied = () if page.stem == "tutorial" else ("catalogue", "generated")
    for _ in range(2 if page.stem == "tutorial" else 1):
        for line, code, said in pages.run(lines, tmp_path, copied=copied) if lines else ():
            assert code == 0, f"$ {line}\n{said}"


def test_reference_is_current() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs/make_reference.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}run: make docs"


def test_every_page_of_the_guide_is_in_the_sites_menu() -> None:
    menu = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("**/*.md"):
        assert f'"{page.relative_to(ROOT / "docs")}"' in menu, page
