"""The workflow for CI in the docs: it parses, every command and flag in it exists, and its shards make a
whole.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from pgagents.base.reading import parse
from pgagents.cli.inputs.report_files import form_of
from pgagents.cli.main import cli

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "howto" / "github-actions.yml"
STAGING = ROOT / "docs" / "howto" / "staging.md"


def workflow() -> dict[str, Any]:
    source = parse(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.name)
    assert source.problems == []
    data: dict[str, Any] = source.data
    return data


def steps() -> list[dict[str, Any]]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def commands() -> list[list[str]]:
    """Each pgagents command of the workflow as words, with a machine's number in it and without the
    shell's part.
    """
    lines = [step["run"] for step in steps() if "run" in step]
    filled = [re.sub(r"\$\{\{ matrix\.shard \}\}", "3", line) for line in lines]
    return [shlex.split(line.partition(">>")[0])[1:] for line in filled if line.startswith("pgagents ")]


def test_every_command_and_flag_of_the_workflow_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "staging.yaml").touch()
    monkeypatch.chdir(tmp_path)
    assert len(commands()) == 3
    for words in commands():
        command: click.Command = cli
        with click.Context(cli) as context:
            while isinstance(command, click.Group):
                found = command.get_command(context, words.pop(0))
                assert found is not None
                command = found
            command.make_context(
                command.name, list(words)
            )  # fails for an unknown flag, a missing argument, a wrong value


def test_reports_of_the_workflow_have_a_form_and_are_what_later_steps_take() -> None:
    written = {words[i + 1] for words in commands() for i, word in enumerate(words) if word == "--report"}
    assert all(form_of(name) for name in written)
    assert {
        step["with"]["sarif_file"] for step in steps() if "upload-sarif" in step.get("uses", "")
    } <= written
    assert commands()[-1][2] in written  # `report show` reads one of them


def test_matrix_has_each_shard_of_the_whole_once() -> None:
    shards = workflow()["jobs"]["verify"]["strategy"]["matrix"]["shard"]
    given = next(words[words.index("--shard") + 1] for words in commands() if "--shard" in words)
    assert shards == list(range(1, int(given.partition("/")[2]) + 1))


def test_no_key_stands_in_the_workflow_and_those_of_the_description_are_secrets() -> None:
    secrets = {name: value for step in steps() for name, value in step.get("env", {}).items()}
    assert secrets == {name: f"${{{{ secrets.{name} }}}}" for name in secrets}
    identities = re.search(r"identities: \{(.*)\}", STAGING.read_text(encoding="utf-8"))
    assert identities
    assert set(secrets) == set(re.findall(r"\w+: (\w+)", identities.group(1)))


def test_job_that_joins_runs_also_after_findings_and_may_upload() -> None:
    job = workflow()["jobs"]["report"]
    assert job["needs"] == "verify"
    assert job["if"] == "always()"
    assert job["permissions"]["security-events"] == "write"
    assert workflow()["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("step", [s for s in steps() if "uses" in s], ids=lambda s: s["uses"])
def test_actions_are_pinned_to_a_version(step: dict[str, Any]) -> None:
    assert re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", step["uses"])
