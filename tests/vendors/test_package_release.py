"""A release has one version, an sdist and a wheel that are whole, an image without root, and a workflow that
publishes them.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
import yaml

import bare

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
WORKFLOW: dict[str, Any] = yaml.safe_load(
    (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
)
JOBS: dict[str, Any] = WORKFLOW["jobs"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, unpacked, and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    wheel, sdist = bare.build(folder / "dist", "sdist", "wheel")
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(
            tarfile, "data_filter", None
        )  # Debian 12's Python 3.11.2 has none
        archive.extractall(folder)
    return folder / sdist.name.removesuffix(".tar.gz"), wheel


@pytest.mark.matrix
def test_version_stands_in_one_place(built: tuple[Path, Path]) -> None:
    sdist, wheel = built
    assert (sdist.name, wheel.name) == (f"pgagents-{VERSION}", f"pgagents-{VERSION}-py3-none-any.whl")
    assert [p for p in (ROOT / "src").rglob("*.py") if VERSION in p.read_text(encoding="utf-8")] == []


def test_changelog_begins_with_what_is_unreleased() -> None:
    headings = re.findall(r"^## \[(.+?)\]( - \d{4}-\d\d-\d\d)?$", CHANGELOG, re.M)
    assert len(headings) == len(re.findall(r"^## ", CHANGELOG, re.M))
    assert headings[0] == ("Unreleased", "")
    assert all(day for _, day in headings[1:])
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.M)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }


@pytest.mark.matrix
def test_wheel_of_the_sdist_is_the_wheel_of_the_checkout(built: tuple[Path, Path], tmp_path: Path) -> None:
    sdist, wheel = built
    again = bare.build(tmp_path / "dist", "wheel", source=sdist)[0]
    assert contents(again) == contents(wheel)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_holds_the_package_and_nothing_else(built: tuple[Path, Path]) -> None:
    held = contents(built[1])
    assert {name.split("/")[0] for name in held} == {"pgagents", f"pgagents-{VERSION}.dist-info"}
    written = {
        f"pgagents/{p.relative_to(ROOT / 'src/pgagents')}"
        for p in (ROOT / "src/pgagents").rglob("*")
        if p.suffix in (".py", ".yaml")
    }
    assert written <= held.keys()
    assert "pgagents/py.typed" in held
    assert not [name for name in held if name.endswith(".pyc") or "/tests/" in name]


def test_wheel_has_the_faults_alone_that_users_meet(built: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(built[1]) as archive:
        archive.extractall(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from pgagents.cli.main import run; run()"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    listed, known, moved = (
        subprocess.run(
            [sys.executable, "-P", "-c", code, "sandbox", *words],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )
        for words in (["--list-faults"], ["--fault", "search-unsortet"], ["--fault", "search-duplicates"])
    )  # fmt: skip
    assert {"money-rounded-down", "schema-wrong-type", "extra-members"} <= set(listed.stdout.split())
    assert len(re.findall(r"^  [a-z]", listed.stdout, re.M)) < 20
    assert known.returncode == moved.returncode == 2
    assert "did you mean `search-unsorted`?" in known.stderr
    assert "there is no fault 'search-duplicates'" in moved.stderr


def test_metadata_names_licence_command_and_extras(built: tuple[Path, Path]) -> None:
    held, info = contents(built[1]), f"pgagents-{VERSION}.dist-info"
    told = Parser().parsestr(held[f"{info}/METADATA"].decode())
    assert told["Version"] == VERSION
    assert told["License-Expression"] == "Apache-2.0"
    assert {"sandbox", "mcp"} <= set(told.get_all("Provides-Extra", []))
    assert "pgagents = pgagents.__main__:run" in held[f"{info}/entry_points.txt"].decode()
    assert f"{info}/licenses/LICENSE" in held


def test_sdist_holds_what_a_contributor_needs(built: tuple[Path, Path]) -> None:
    names = (
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "Dockerfile",
        "tests/vendors/test_package_release.py",
    )
    for name in names:
        assert (built[0] / name).read_bytes() == (ROOT / name).read_bytes()
    assert not (built[0] / ".venv").exists()


# the image; nothing here runs Docker


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Dockerfile with its arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def copied() -> list[str]:
    """List the paths that the image takes from the checkout."""
    given = [
        shlex.split(words)
        for name, words in instructions()
        if name == "COPY" and not words.startswith("--from")
    ]
    return [path.rstrip("/") for words in given for path in words[:-1]]


def test_image_is_slim_and_in_two_stages_of_which_the_last_runs_as_another_user_than_root() -> None:
    found = instructions()
    starts = [n for n, (name, _) in enumerate(found) if name == "FROM"]
    assert [found[n][1].split()[0] for n in starts] == ["python:3.12-slim"] * 2
    last = found[starts[-1] :]
    users = [words for name, words in last if name == "USER"]
    assert users
    assert re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1])
    assert f"--uid {users[-1].split(':')[0]} " in next(words for name, words in last if name == "RUN")
    assert ("ENTRYPOINT", '["pgagents"]') in last
    assert last.index(("ENTRYPOINT", '["pgagents"]')) > last.index(("USER", users[-1]))
    assert "org.opencontainers.image.licenses" in next(words for name, words in last if name == "LABEL")
    assert [words for name, words in last if name == "COPY"] == ["--from=build /opt/pgagents /opt/pgagents"]


def test_no_step_of_the_image_keeps_a_cache() -> None:
    steps = [
        step
        for name, words in instructions()
        if name == "RUN"
        for step in words.split("&&")
        if "pip " in step
    ]
    assert len(steps) == 2
    assert all("--no-cache-dir" in step for step in steps)


def test_files_that_the_image_takes_exist_and_are_all_that_docker_is_sent() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == set(copied())
    assert all((ROOT / path).exists() for path in copied())


def test_files_that_the_image_takes_build_the_same_wheel(built: tuple[Path, Path], tmp_path: Path) -> None:
    source = tmp_path / "source"
    for path in copied():
        target = source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / path).is_dir() else shutil.copy)(ROOT / path, target)
    assert contents(bare.build(tmp_path / "dist", "wheel", source=source)[0]) == contents(built[1])


# the workflow


def step(job: str, name: str) -> dict[str, Any]:
    return next(step for step in JOBS[job]["steps"] if step.get("name") == name)


@pytest.mark.parametrize(
    ("tag", "changelog", "said"),
    [
        ("v1.2.3", "## [Unreleased]\n## [1.2.3] - 2026-12-01\n", ""),
        ("v1.2.4", "## [1.2.3] - 2026-12-01\n", "the tag v1.2.4 is not v1.2.3"),
        ("1.2.3", "## [1.2.3] - 2026-12-01\n", "is not v1.2.3"),
        ("v1.2.3", "## [Unreleased]\n## [11203] - 2026-12-01\n", "CHANGELOG.md has no section for 1.2.3"),
    ],
)
def test_release_needs_a_tag_that_is_the_version(tmp_path: Path, tag: str, changelog: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    script = step("build", "Compare the tag with the version")["run"]
    words, path = ["bash", "-eo", "pipefail", "-c", script], f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        words, cwd=tmp_path, env={"TAG": tag, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == (1 if said else 0), done.stderr
    assert said in done.stdout


def test_only_the_job_that_publishes_may_ask_for_a_token_of_pypi() -> None:
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads `on` as true
    asking = [name for name, job in JOBS.items() if "id-token" in job["permissions"]]
    assert asking == ["pypi"]
    assert JOBS["pypi"]["permissions"] == {"id-token": "write"}
    assert JOBS["pypi"]["environment"]["name"] == "pypi"
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")


def test_what_was_built_and_tested_is_what_is_published() -> None:
    assert JOBS["pypi"]["needs"] == ["test", "build"]
    up = next(
        s["with"] for s in JOBS["build"]["steps"] if s.get("uses", "").startswith("actions/upload-artifact")
    )
    down, publish = JOBS["pypi"]["steps"]
    assert down["with"] == {"name": up["name"], "path": up["path"]}
    assert publish["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert JOBS["image"]["needs"] == "pypi"


def test_actions_are_pinned_and_no_expression_stands_in_a_script() -> None:
    for job in JOBS.values():
        for one in job["steps"]:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one.get("uses", f"a/b@{'0' * 40}"))
            assert "${{" not in one.get("run", "")
