"""Spectral's rules for OpenAPI and Arazzo find no error in what is generated."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("node")]

HERE = Path(__file__).resolve().parent


def errors(document: Path, rules: str, folder: Path) -> list[Any]:
    """Return Spectral's errors by its own rules."""
    ruleset = folder / "rules.yaml"
    ruleset.write_text(f"extends: ['spectral:{rules}']\n", encoding="utf-8")
    program = [shutil.which("node") or "node", HERE / "node_modules/@stoplight/spectral-cli/dist/index.js"]
    done = subprocess.run(
        [*program, "lint", "--quiet", "--format=json", "--ruleset", ruleset, document],
        capture_output=True, text=True, timeout=600, check=False, cwd=folder,
    )  # fmt: skip
    found = json.loads(done.stdout[done.stdout.index("[") :])
    return [f for f in found if f["severity"] == 0]


@pytest.mark.parametrize("name", ["openapi/openapi.json", "openai/openapi.json", "copilot/openapi-3.0.yaml"])
def test_openapi_documents_have_no_error(offered: Path, tmp_path: Path, name: str) -> None:
    assert errors(offered / name, "oas", tmp_path) == []


@pytest.mark.parametrize("offered", ["shop"], indirect=True)
def test_the_judge_refuses_a_broken_document(offered: Path, tmp_path: Path) -> None:
    document = json.loads((offered / "openapi/openapi.json").read_text(encoding="utf-8"))
    for item in document["paths"].values():
        for operation in item.values():
            operation["operationId"] = "same"
    (tmp_path / "broken.json").write_text(json.dumps(document), encoding="utf-8")
    assert {e["code"] for e in errors(tmp_path / "broken.json", "oas", tmp_path)} == {
        "operation-operationId-unique"
    }
