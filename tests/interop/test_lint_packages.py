"""The official validators judge the same packages as `lint --for`, good and with one change each.

A package that they refuse and ours takes is a miss, and fails. One that ours refuses and they take is listed
in `STRICTER` with the reason.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import plugin_packages as good
from pgagents.lint.packages.verdict import judge_path
from plugin_packages import Files, write
from test_lint_packages_of_stores import MUTANTS, marketplace, openapi

pytestmark = pytest.mark.interop
OFFICIAL = Path(__file__).parent / "official/agent_plugins"
LARGE = Path(__file__).parent / "plugins"
STRICTER = {
    "agent-skills/body": "the validator does not look at the text",
    "agent-skills/metadata": "the validator does not look at it",
    "agent-plugins/json": "a folder for a file is not a matter of a schema",
    "agent-plugins/link": "links are not a matter of a schema",
    "agent-plugins/no-plugin": "a missing file is not a matter of a schema",
    "agent-plugins/nothing-offered": "a missing file is not a matter of a schema",
    "agent-plugins/server-url": "the specification judges URLs, its schema does not",
    "agent-plugins/server-variable": "the specification names the variables, its schema does not",
    "agent-plugins/skill": "the specification judges skills, its schemas do not",
    "agent-plugins/skill-name": "the specification judges skills, its schemas do not",
    "agent-plugins/skill-text": "the specification judges skills, its schemas do not",
    "claude-directory/no-plugin": "a folder without a manifest is taken as a plugin with defaults",
    "claude-directory/name-length": "a name of 65 is accepted",
    "claude-directory/version-format": "any text is a version",
    "claude-directory/description-length": "an organisation refuses what the validator takes",
    "claude-directory/icon-size": "the validator does not open the icon",
    "claude-directory/server-type-alias": "`streamable-http` is accepted, though Claude's word is http",
    "claude-directory/server": "an empty server is not looked at",
    "claude-directory/skill-description-length": "the validator does not count",
    "agentcore/server-http": "http is accepted, the gateway wants https",
    "agentcore/security-ignored": "security of an operation is not looked at",
    "agentcore/yaml": "the script gives JSON to the function",
    "agentcore/no-document": "the function gets a document, not a folder",
}
"""Findings of ours about packages that the official validator takes."""


def of(name: str) -> list[Any]:
    """The mutants of one judge that have files to write."""
    return [
        pytest.param(rule, base, edit, id=f"{n}-{rule}")
        for n, (judge, rule, base, edit) in enumerate(MUTANTS)
        if judge == name and base is not good.tool_list
    ]


def ours(place: Path, name: str) -> set[str]:
    """The rules that our judge finds broken."""
    return {found.id for found in judge_path(str(place), name).found}


def disagreement(accepted: bool, found: set[str]) -> str:
    """Return how the official verdict and ours differ without a listed reason; empty if they do not."""
    if not found:
        return "refused there, and nothing is found here"
    unlisted = found - set(STRICTER) if accepted else set()
    return f"accepted there, and not listed here: {sorted(unlisted)}" if unlisted else ""


def _skills_ref(place: Path) -> bool:
    validator = pytest.importorskip("skills_ref.validator", reason="needs skills-ref (the `interop` extra)")
    return not validator.validate(place)


def test_skills_ref_takes_the_good_skill(tmp_path: Path) -> None:
    place = write(good.portable(), tmp_path) / "skills/find-books"
    assert _skills_ref(place)
    assert ours(place, "agent-skills") == set()


@pytest.mark.parametrize(("rule", "base", "edit"), of("agent-skills"))
def test_skills_ref_refuses_what_is_found(rule: str, base: Any, edit: Any, tmp_path: Path) -> None:
    files = base()
    edit(files)
    names = {path.split("/")[1] for path in files if path.startswith("skills/")}
    if not names:
        pytest.skip("no skill is left to validate")
    places = [write(files, tmp_path) / "skills" / name for name in sorted(names)]
    assert disagreement(all(_skills_ref(place) for place in places), ours(tmp_path, "agent-skills")) == "", (
        rule
    )


def _official(place: Path) -> bool:
    """True if both files of Agent Plugins are valid by the official schemas."""
    for file in ("plugin", "mcp"):
        path = place / f"{file}.json"
        schema = json.loads((OFFICIAL / f"{file}.schema.json").read_bytes())
        if not path.exists():
            continue
        try:
            data = json.loads(path.read_bytes())
        except ValueError:
            return False
        if not Draft202012Validator(schema).is_valid(data):
            return False
    return True


def test_the_official_schemas_take_the_good_plugin(tmp_path: Path) -> None:
    place = write(good.portable(), tmp_path / "plugin")
    assert _official(place)
    assert ours(place, "agent-plugins") == set()


@pytest.mark.parametrize(("rule", "base", "edit"), of("agent-plugins"))
def test_the_official_schemas_refuse_what_is_found(rule: str, base: Any, edit: Any, tmp_path: Path) -> None:
    files: Files = base()
    edit(files)
    place = write(files, tmp_path / "plugin")
    assert disagreement(_official(place), ours(place, "agent-plugins")) == "", rule


def _claude(place: Path, home: Path) -> bool:
    command = LARGE / "node_modules/.bin/claude"
    if not command.is_file():
        pytest.skip("needs Claude Code (361 MB): make plugins installs it")
    options = ["--strict"]
    if (place / ".claude-plugin/plugin.json").exists():
        options += ["--profile", "directory"]
    quiet = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    done = subprocess.run(
        [command, "plugin", "validate", *options, place],
        env={"PATH": os.environ["PATH"], "HOME": str(home), **quiet},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("base", [good.claude, marketplace])
def test_claude_takes_the_good_package(base: Any, tmp_path: Path) -> None:
    place = write(base(), tmp_path / "plugin")
    assert _claude(place, tmp_path)
    assert ours(place, "claude-directory") == set()


@pytest.mark.parametrize(("rule", "base", "edit"), of("claude-directory"))
def test_claude_refuses_what_is_found(rule: str, base: Any, edit: Any, tmp_path: Path) -> None:
    files: Files = base()
    edit(files)
    place = write(files, tmp_path / "plugin")
    assert disagreement(_claude(place, tmp_path), ours(place, "claude-directory")) == "", rule


SCRIPT = """
const { validateOpenApiSchema } = require(process.argv[1]);
const schema = require('node:fs').readFileSync(process.argv[2], 'utf8');
console.log(JSON.stringify(validateOpenApiSchema({ schema, schemaName: 'openapi' })));
"""


def _agentcore(place: Path) -> bool:
    module = LARGE / "node_modules/aws-cdk-lib/aws-bedrockagentcore/lib/gateway/validation-helpers.js"
    node = shutil.which("node")
    if not module.is_file() or node is None:
        pytest.skip("needs aws-cdk-lib (187 MB): make plugins installs it")
    done = subprocess.run(
        [node, "-e", SCRIPT, module, place / "openapi.json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return not json.loads(done.stdout)


def test_agentcore_takes_the_good_document(tmp_path: Path) -> None:
    files = openapi()
    del files["openapi.json"]["components"]  # a member named oneOf is refused there, as if it were a keyword
    assert _agentcore(write(files, tmp_path))


@pytest.mark.parametrize(("rule", "base", "edit"), of("agentcore"))
def test_agentcore_refuses_what_is_found(rule: str, base: Any, edit: Any, tmp_path: Path) -> None:
    files = base()
    del files["openapi.json"]["components"]
    edit(files)
    if not isinstance(files.get("openapi.json"), dict):
        pytest.skip("no JSON document is left to validate")
    place = write(files, tmp_path)
    assert disagreement(_agentcore(place), ours(place, "agentcore")) == "", rule
