"""The official schemas and the reference validator of skills take the plugin packages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from offering import OFFERING
from pgagents.catalogue.load import load_file
from pgagents.generate.build import build
from pgagents.model.model import Model

pytestmark = pytest.mark.interop

HERE = Path(__file__).resolve().parent
OFFICIAL = HERE / "official"
NEEDS = "needs skills-ref (the `interop` extra)"
CATALOGUES: dict[str, Callable[[], Model]] = {
    **OFFERING,
    "library": lambda: load_file(HERE.parents[1] / "tests/catalogues/library.yaml"),
}


@pytest.fixture(scope="module", params=CATALOGUES)
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All documents of a catalogue with listings."""
    out = tmp_path_factory.mktemp(request.param)
    for artifact in build(CATALOGUES[request.param]()).artifacts():
        file = out / artifact.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(artifact.data)
    return out


def _judge(name: str, document: Any) -> list[str]:
    schema = json.loads((OFFICIAL / "agent_plugins" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


def test_the_official_schemas_take_the_agent_plugin(generated: Path) -> None:
    for name in ("plugin", "mcp"):
        document = json.loads((generated / f"agent_plugin/{name}.json").read_text(encoding="utf-8"))
        assert _judge(name, document) == []
        assert _judge(name, {**document, "bogus": 1}) != []
    assert _judge("plugin", {**document, "name": "Corner Shop"}) != []


def test_the_reference_validator_takes_every_skill(generated: Path, tmp_path: Path) -> None:
    validator = pytest.importorskip("skills_ref.validator", reason=NEEDS)
    skills = sorted(generated.rglob("SKILL.md"))
    assert skills
    for skill in skills:
        assert validator.validate(skill.parent) == []
    other = tmp_path / "another-name"
    shutil.copytree(skills[0].parent, other)
    assert validator.validate(other) != []
