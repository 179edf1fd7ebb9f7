"""Claude Code, Codex and AWS CDK take the packages and the gateway's document, if `make plugins` installed
them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
MODULES = HERE / "plugins/node_modules"
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        not (MODULES / ".bin/claude").exists(),
        reason="the large judges (950 MB) are not installed: make plugins",
    ),
]


def _run(home: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a judge with a home of its own, without updates and telemetry."""
    quiet = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    environment = {**os.environ, **quiet, "HOME": str(home), "CODEX_HOME": str(home / "codex")}
    (home / "codex").mkdir(exist_ok=True)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)


def _claude(home: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return _run(
        home, MODULES / ".bin/claude", "plugin", "validate", "--strict", "--profile", "directory", folder
    )


def _change(file: Path, **members: Any) -> None:
    document = {**json.loads(file.read_text(encoding="utf-8")), **members}
    file.write_text(json.dumps({k: v for k, v in document.items() if v is not None}), encoding="utf-8")


def test_claude_takes_the_plugin_as_its_directory_would(listed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plugin"
    shutil.copytree(listed / "claude_plugin", folder)
    (folder / ".claude-plugin/marketplace.json").unlink()
    done = _claude(tmp_path, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "found nothing to report" in done.stdout


@pytest.mark.parametrize("broken", ["no-readme", "no-license", "no-privacy", "unknown-field", "no-icon"])
@pytest.mark.parametrize("listed", ["shop"], indirect=True)
def test_claude_refuses_a_broken_plugin(listed: Path, tmp_path: Path, broken: str) -> None:
    folder = tmp_path / "plugin"
    shutil.copytree(listed / "claude_plugin", folder)
    (folder / ".claude-plugin/marketplace.json").unlink()
    manifest = folder / ".claude-plugin/plugin.json"
    if broken == "no-readme":
        (folder / "README.md").unlink()
    elif broken == "no-license":
        (folder / "LICENSE").unlink()
        _change(manifest, license=None)
    elif broken == "no-privacy":
        _change(manifest, privacyPolicyUrl=None)
        readme = folder / "README.md"
        text, heading, _ = readme.read_text(encoding="utf-8").partition("## Privacy")
        assert heading
        hosted = {"corner-shop": {"type": "http", "url": "https://shop.example/mcp"}}
        _change(folder / ".mcp.json", mcpServers=hosted)  # of a started server, no policy is asked
        readme.write_text(text, encoding="utf-8")
    elif broken == "no-icon":
        (folder / ".claude-plugin/icon.png").unlink()
    else:
        _change(manifest, bogus=1)
    assert _claude(tmp_path, folder).returncode != 0


def test_claude_takes_the_marketplace(listed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "market"
    shutil.copytree(listed / "claude_plugin", folder)
    marketplace = folder / ".claude-plugin/marketplace.json"
    command = (MODULES / ".bin/claude", "plugin", "validate", "--strict", marketplace)
    done = _run(tmp_path, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    _change(marketplace, owner=None)
    assert _run(tmp_path, *command).returncode != 0


def test_codex_installs_the_agent_plugin(listed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "agent_plugin"
    shutil.copytree(listed / "agent_plugin", folder)
    name = json.loads((folder / "plugin.json").read_text(encoding="utf-8"))["name"]
    for command in (("marketplace", "add", str(folder)), ("add", f"{name}@{name}")):
        done = _run(tmp_path, MODULES / ".bin/codex", "plugin", *command)
        assert done.returncode == 0, done.stdout + done.stderr
    installed = {p.name for p in (tmp_path / "codex/plugins").rglob("*") if p.is_file()}
    assert {"plugin.json", "mcp.json", "SKILL.md", "icon.png"} <= installed


@pytest.mark.parametrize("listed", ["shop"], indirect=True)
def test_codex_refuses_an_unknown_policy(listed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "agent_plugin"
    shutil.copytree(listed / "agent_plugin", folder)
    file = folder / ".agents/plugins/marketplace.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["plugins"][0]["policy"]["installation"] = "MAYBE"
    file.write_text(json.dumps(document), encoding="utf-8")
    steps = [
        _run(tmp_path, MODULES / ".bin/codex", "plugin", *command).returncode
        for command in (("marketplace", "add", str(folder)), ("add", "corner-shop@corner-shop"))
    ]
    assert any(steps)


def _gateway(file: Path) -> list[str]:
    done = subprocess.run(
        ["node", str(HERE / "judge_agentcore.cjs"), str(file)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_the_gateways_own_check_finds_nothing(listed: Path, tmp_path: Path) -> None:
    file = listed / "agentcore/openapi.json"
    assert _gateway(file) == []
    document = json.loads(file.read_text(encoding="utf-8"))
    document["security"] = [{"key": []}]
    (tmp_path / "broken.json").write_text(json.dumps(document), encoding="utf-8")
    assert _gateway(tmp_path / "broken.json") != []
