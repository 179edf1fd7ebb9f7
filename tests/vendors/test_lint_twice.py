"""A name that stands twice, or becomes one with another, is told: two readers would see two values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from importing import openapi, operation
from pgagents.cli.main import main
from pgagents.lint.document import read
from pgagents.lint.judge import judge

TWICE = '{"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {}, "paths": {}}'


@pytest.mark.parametrize("name", ["agentcore", "gpt-builder", "copilot"])
def test_key_that_stands_twice_is_refused(name: str, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(TWICE, encoding="utf-8")
    assert main(["lint", str(path), "--for", name]) == 2
    assert "document/duplicate-key" in capsys.readouterr().err


def test_names_that_copilot_makes_one_are_told() -> None:
    paths = {f"/{n}": {"get": operation(operationId=id)} for n, id in enumerate(("a.b", "a-b", "a_b", "c"))}
    document = {**openapi(paths), "openapi": "3.0.3"}
    found = judge(read(json.dumps(document).encode(), "openapi.json"), "copilot").found
    assert [one.message for one in found if one.id.endswith("duplicate-operation-id")] == [
        "`a-b` and `a.b` both become the function `a_b`",
        "`a_b` and `a.b` both become the function `a_b`",
    ]
