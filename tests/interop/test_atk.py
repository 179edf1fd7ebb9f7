"""Microsoft 365 Agents Toolkit takes the app package: `atk validate` and `atk package`, offline."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from offering import park
from pgagents.generate.build import build
from pgagents.generate.package import pack

HERE = Path(__file__).resolve().parent
ATK = HERE / "atk/node_modules/.bin/atk"
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        not ATK.exists(), reason="Microsoft 365 Agents Toolkit (440 MB) is not installed: make atk"
    ),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A toolkit project around the unpacked app."""
    model = park()
    packed = pack(model, build(model), {"parkgraph_api_key": "a-reference"}).made[0]
    with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
        archive.extractall(tmp_path / "appPackage")
    (tmp_path / "env").mkdir()
    (tmp_path / "env/.env.dev").touch()
    (tmp_path / "m365agents.yml").write_text("version: v1.9\n", encoding="utf-8")
    return tmp_path


def atk(project: Path, command: str) -> subprocess.CompletedProcess[str]:
    """One of its commands, without questions and without telemetry."""
    flags = [
        "--manifest-file",
        "./appPackage/manifest.json",
        "--env",
        "dev",
        "-f",
        ".",
        "-i",
        "false",
        "--telemetry",
        "false",
    ]
    return subprocess.run(
        [ATK, command, *flags], cwd=project, capture_output=True, text=True, timeout=600, check=False
    )


def test_toolkit_finds_nothing_against_the_package(project: Path) -> None:
    done = atk(project, "validate")
    assert done.returncode == 0, done.stdout + done.stderr


def test_toolkit_packs_it_again(project: Path) -> None:
    done = atk(project, "package")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(project.rglob("*.zip"))


def test_toolkit_refuses_a_name_that_is_too_long(project: Path) -> None:
    file = project / "appPackage/manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["name"]["short"] = "x" * 31
    file.write_text(json.dumps(manifest), encoding="utf-8")
    assert atk(project, "validate").returncode != 0
