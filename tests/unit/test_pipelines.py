"""The files that other people's pipelines include run as they are written: the GitHub Action, the GitLab jobs
and the pre-commit hooks.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from lengths import rarely
from pgagents.cli.main import cli, main

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
GITLAB: dict[str, Any] = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
STEPS = [step for step in ACTION["runs"]["steps"] if "run" in step]


def commands() -> Iterator[tuple[str, str]]:
    """Every call of pgagents with where it stands."""
    texts = {f"action.yml: {step['name']}": step["run"] for step in STEPS}
    texts |= {
        f"gitlab.yml: {name}": "\n".join(job["script"]) for name, job in GITLAB.items() if "script" in job
    }
    texts |= {f"hooks: {hook['id']}": hook["entry"] for hook in HOOKS}
    for where, text in texts.items():
        for line in text.splitlines():
            if re.match(r"\s*pgagents ", line):
                yield where, line.strip()


@pytest.mark.parametrize(("where", "line"), list(commands()))
def test_command_and_its_options_exist(where: str, line: str) -> None:
    name = line.split()[1]
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, where
    known = {option for param in command.params for option in param.opts}
    used = set(re.findall(r"(?<![\w-])(--[a-z-]+)", line))
    assert used <= known, where


def test_all_three_call_build_and_lint() -> None:
    called: dict[str, set[str]] = {}
    for where, line in commands():
        called.setdefault(where.partition(":")[0], set()).add(line.split()[1])
    assert called == {
        "action.yml": {"build", "lint", "diff", "verify"},
        "gitlab.yml": {"build", "lint", "verify"},
        "hooks": {"build", "lint"},
    }


def test_no_input_of_the_action_stands_in_a_script() -> None:
    """A text in an input would be run there; inputs go through variables."""
    assert len(STEPS) == 5
    for step in STEPS:
        assert "${{" not in step["run"], step["name"]
        assert step["shell"] == "bash"
    used = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert used == set(ACTION["inputs"])


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a catalogue and what it gives, which no test changes."""
    made = tmp_path_factory.mktemp("committed")
    (made / "catalogue").mkdir()
    (made / "bin").mkdir()
    (made / "bin/pgagents").write_text(
        f"#!{sys.executable}\nfrom pgagents.cli.main import run\nrun()\n", encoding="utf-8"
    )
    (made / "bin/pgagents").chmod(0o755)
    library = made / "catalogue/library.yaml"
    assert main(["init", str(library), "--title", "Library"]) == 0
    written = library.read_text(encoding="utf-8")
    assert "example.com" in written, "placeholders, which a build shows to nobody"
    library.write_text(written.replace("example.com", "library.example"), encoding="utf-8")
    assert main(["build", str(library), "--out", str(made / "generated")]) == 0
    run(made, "git init -q && git add -A && git -c user.name=A -c user.email=a@x.example commit -qm One")
    return made


@pytest.fixture
def checkout(committed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(committed, tmp_path / "checkout"))


def run(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder), **variables}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def step(
    folder: Path, name: str, *, more: Mapping[str, str] | None = None, **inputs: str
) -> subprocess.CompletedProcess[str]:
    """A step of the action with these inputs, as a runner would call it; `more` is the job's environment."""
    found = next(s for s in STEPS if s["name"] == name)
    given = {key: str(value["default"]) for key, value in ACTION["inputs"].items()} | inputs
    variables = {
        key: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda m: given[m[1]], value)
        for key, value in found["env"].items()
    }
    return run(
        folder,
        found["run"],
        RUNNER_TEMP=str(folder),
        GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
        **variables,
        **(more or {}),
    )


@pytest.mark.matrix
@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_steps_of_the_action_pass_and_find(checkout: Path) -> None:
    named = {"catalogue": "catalogue/library.yaml"}
    for inputs in ({}, named):
        for name in ("Manifests are what the catalogue gives", "Lint"):
            done = step(checkout, name, **inputs)
            assert done.returncode == 0, done.stdout + done.stderr
    same = step(checkout, "What the change breaks", **named, **{"diff-base": "HEAD"})
    assert same.returncode == 0, same.stderr
    file = checkout / "catalogue/library.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("maxLength: 80", "maxLength: 20"), encoding="utf-8"
    )
    assert step(checkout, "Manifests are what the catalogue gives").returncode == 1
    broken = step(checkout, "What the change breaks", **named, **{"diff-base": "HEAD"})
    assert broken.returncode == 1
    assert "maxLength 20, was 80" in (checkout / "summary.md").read_text(encoding="utf-8")


def test_text_in_an_input_is_not_run(checkout: Path) -> None:
    done = step(checkout, "Lint", catalogue='"; touch harmed; echo "')
    assert done.returncode == 2
    assert not (checkout / "harmed").exists()


@pytest.mark.parametrize("job", ["pgagents-build", "pgagents-lint"])
def test_gitlab_jobs_run(checkout: Path, job: str) -> None:
    variables = {key: str(value) for key, value in GITLAB["variables"].items()}
    assert GITLAB[job]["extends"] in GITLAB
    done = run(checkout, "\n".join(GITLAB[job]["script"]), **variables)
    assert done.returncode == 0, done.stdout + done.stderr


APP = ROOT / "tests/started_app.py"


@pytest.mark.parametrize("kind", rarely(["action", "gitlab"], "action"))
def test_app_is_started_and_verified(tmp_path: Path, committed: Path, kind: str) -> None:
    """As the short job in docs/howto/github-actions.md has it: by the app's own document."""
    start = shlex.join([sys.executable, str(APP), json.dumps({"notes": str(tmp_path / "starts")})])
    shutil.copytree(committed / "bin", tmp_path / "bin")
    key = {"PGAGENTS_TOKEN": "key_of_a_test_1"}
    if kind == "action":
        inputs = {"openapi": "/openapi.json", "start": start, "allow-writes": "true", "fail-on": "lax"}
        done = step(tmp_path, "Verify the server", more=key, **inputs)
        report = tmp_path / "pgagents-report.json"
    else:
        variables = {name: str(value) for name, value in GITLAB["variables"].items()}
        variables |= {"PGAGENTS_OPENAPI": "/openapi.json", "PGAGENTS_START": start, **key}
        done = run(tmp_path, "\n".join(GITLAB["pgagents-verify"]["script"]), **variables)
        report = tmp_path / "pgagents.json"
    assert done.returncode == 1, done.stderr
    assert json.loads(report.read_text(encoding="utf-8"))["footer"]["complete"]
    assert " --start " in done.stdout


@pytest.mark.matrix
def test_hooks_run_on_the_files_they_are_for(checkout: Path) -> None:
    for hook in HOOKS:
        files = [
            p
            for p in ("catalogue/library.yaml", "generated/llms.txt", "src/x.py")
            if re.search(hook["files"], p)
        ]
        assert files
        assert "src/x.py" not in files
        words = " ".join(files) if hook.get("pass_filenames", True) else ""
        done = run(checkout, f"{hook['entry']} {words}")
        assert done.returncode == 0, done.stdout + done.stderr
