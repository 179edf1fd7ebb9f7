"""The official schemas, the reference validator of skills, Gemini CLI and MCPB take the plugin packages.

The larger judges are in test_plugins_large.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from pgagents.cli.main import cli

pytestmark = pytest.mark.interop

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OFFICIAL = HERE / "official"
BIN = HERE / "node_modules/.bin"
NEEDS = "needs skills-ref (the `interop` extra)"


def _judge(name: str, document: Any) -> list[str]:
    schema = json.loads((OFFICIAL / "agent_plugins" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


def test_the_official_schemas_take_the_agent_plugin(listed: Path) -> None:
    for name in ("mcp", "plugin"):
        document = json.loads((listed / f"agent_plugin/{name}.json").read_text(encoding="utf-8"))
        assert _judge(name, document) == []
        assert _judge(name, {**document, "bogus": 1}) != []
    assert _judge("plugin", {**document, "name": "Corner Shop"}) != []


def test_the_reference_validator_takes_every_skill(listed: Path, tmp_path: Path) -> None:
    validator = pytest.importorskip("skills_ref.validator", reason=NEEDS)
    skills = sorted(listed.rglob("SKILL.md"))
    folders = {skill.relative_to(listed).parts[0] for skill in skills}
    assert folders - {"cowork"} == {"agent_plugin", "claude_plugin"}  # Cowork's where a server is hosted
    for skill in skills:
        assert validator.validate(skill.parent) == []
    other = tmp_path / "another-name"
    shutil.copytree(skills[0].parent, other)
    assert validator.validate(other) != []


def test_the_reference_validator_takes_the_skill_about_pgagents(tmp_path: Path) -> None:
    validator = pytest.importorskip("skills_ref.validator", reason=NEEDS)
    assert validator.validate(ROOT / "skills/pgagents") == []
    written = CliRunner().invoke(cli, ["init", "--skill", str(tmp_path)])
    assert written.exit_code == 0
    [skill] = tmp_path.rglob("SKILL.md")
    assert validator.validate(skill.parent) == []


def _run(home: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a judge with a home of its own, so that it reads and writes nobody's settings."""
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.usefixtures("node")
def test_gemini_cli_takes_the_extension(listed: Path, tmp_path: Path) -> None:
    done = _run(tmp_path, BIN / "gemini", "extensions", "validate", listed / "gemini_cli")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("listed", ["library"], indirect=True)
def test_gemini_cli_refuses_a_name_of_two_words(listed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "gemini"
    shutil.copytree(listed / "gemini_cli", folder)
    manifest = folder / "gemini-extension.json"
    document = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**document, "name": "two words"}), encoding="utf-8")
    assert _run(tmp_path, BIN / "gemini", "extensions", "validate", folder).returncode != 0


@pytest.mark.usefixtures("node")
def test_mcpb_takes_and_packs_the_bundle(listed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(listed / "mcpb", folder)
    assert (folder / "server.mcpb").is_file()
    done = _run(tmp_path, BIN / "mcpb", "validate", folder / "manifest.json")
    assert done.returncode == 0, done.stdout + done.stderr
    unpacked = _run(tmp_path, BIN / "mcpb", "unpack", folder / "server.mcpb", tmp_path / "unpacked")
    assert unpacked.returncode == 0, unpacked.stdout + unpacked.stderr
    files = {
        p.relative_to(tmp_path / "unpacked").as_posix()
        for p in (tmp_path / "unpacked").rglob("*")
        if p.is_file()
    }
    assert files == {"manifest.json", "icon.png", "server/index.js"}
    document = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del document["author"]
    (folder / "manifest.json").write_text(json.dumps(document), encoding="utf-8")
    assert _run(tmp_path, BIN / "mcpb", "validate", folder / "manifest.json").returncode != 0
