"""The workflows for CI in the docs: they parse, every command, flag and input in them exists, and shards make
a whole.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from pgagents.base.reading import parse
from pgagents.cli.inputs.report_files import form_of
from pgagents.cli.main import cli

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "howto" / "github-actions-shards.yml"
PAGE = ROOT / "docs" / "howto" / "github-actions.md"
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


# -- the short jobs


BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
JOBS = [block for block in BLOCKS if "runs-on" in block]
LINES = 25
RANKS = {
    value
    for option in cli.get_command(click.Context(cli), "verify").params  # type: ignore[union-attr]
    if option.name == "fail_on"
    for value in option.type.choices  # type: ignore[attr-defined]
}


def read_job(block: str) -> dict[str, Any]:
    """The job of a workflow."""
    data = yaml.safe_load(block)
    assert data["permissions"] == {"contents": "read"}
    (job,) = data["jobs"].values()
    found: dict[str, Any] = job
    return found


@pytest.mark.parametrize("block", JOBS)
def test_short_job_uses_the_action_by_its_path_with_inputs_that_it_has(block: str) -> None:
    assert len(block.splitlines()) <= LINES
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (step,) = (step for step in read_job(block)["steps"] if "pgagents" in step.get("uses", ""))
    assert step["uses"] == "OWNER/pgagents@REF"
    assert set(step["with"]) <= set(action["inputs"])
    assert step["with"]["fail-on"] in RANKS
    assert not re.search(r"install.*pgagents", block), "a package of this name would be somebody else's"


def test_one_job_starts_the_app_without_a_secret_and_one_calls_staging() -> None:
    app, staging = JOBS
    assert "secrets." not in app
    assert "--port {port}" in app
    secrets = read_job(staging)["env"]
    assert secrets == {name: f"${{{{ secrets.{name} }}}}" for name in secrets}
    described = re.search(r"identities: \{(.*)\}", STAGING.read_text(encoding="utf-8"))
    assert described
    assert set(secrets) == set(re.findall(r"\w+: (\w+)", described.group(1)))


def test_gitlab_blocks_set_variables_that_the_jobs_read() -> None:
    jobs = yaml.safe_load((ROOT / "ci/gitlab.yml").read_text(encoding="utf-8"))
    blocks = [block for block in BLOCKS if "include:" in block]
    assert len(blocks) == 2
    for block in blocks:
        assert len(block.splitlines()) <= LINES
        data = yaml.safe_load(block.replace("!reference", ""))
        assert set(data["variables"]) - {"PGAGENTS_TOKEN"} <= set(jobs["variables"])
        assert set(data) - {"include", "variables"} <= set(jobs)
        assert data["variables"].get("PGAGENTS_FAIL_ON", "lax") in RANKS
