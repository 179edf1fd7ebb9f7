"""Spectral's rules for OpenAPI find no error in what is generated."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("node")]

HERE = Path(__file__).resolve().parent


DOCUMENTS = ("openapi/openapi.json", "openai/openapi.json", "copilot/openapi-3.0.yaml")


def errors(folder: Path, *documents: Path) -> list[Any]:
    """Return Spectral's errors by its own rules for OpenAPI."""
    ruleset = folder / "rules.yaml"
    ruleset.write_text("extends: ['spectral:oas']\n", encoding="utf-8")
    program = [shutil.which("node") or "node", HERE / "node_modules/@stoplight/spectral-cli/dist/index.js"]
    done = subprocess.run(
        [*program, "lint", "--quiet", "--format=json", "--ruleset", ruleset, *documents],
        capture_output=True, text=True, timeout=600, check=False, cwd=folder,
    )  # fmt: skip
    found = json.loads(done.stdout[done.stdout.index("[") :])
    return [f for f in found if f["severity"] == 0]


def test_openapi_documents_have_no_error(offered: Path, tmp_path: Path) -> None:
    assert errors(tmp_path, *(offered / name for name in DOCUMENTS)) == []


@pytest.mark.parametrize("offered", ["shop"], indirect=True)
def test_the_judge_refuses_a_broken_document(offered: Path, tmp_path: Path) -> None:
    broken = []
    for name in DOCUMENTS:
        document = yaml.safe_load((offered / name).read_text(encoding="utf-8"))
        for item in document["paths"].values():
            for operation in item.values():
                operation["operationId"] = "same"
        broken.append(tmp_path / name.replace("/", "-"))
        broken[-1].write_text(json.dumps(document), encoding="utf-8")
    found = {(Path(error["source"]), error["code"]) for error in errors(tmp_path, *broken)}
    assert found == {(file, "operation-operationId-unique") for file in broken}
