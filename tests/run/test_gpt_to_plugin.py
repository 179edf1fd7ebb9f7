"""The way from a custom GPT's document to a plugin, as its page tells it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from pgagents.cli.main import cli
from sandboxes import ROOT

PAGE = (ROOT / "docs/howto/gpt-to-plugin.md").read_text(encoding="utf-8")
REPLACED = re.search(r"in place of the line `([^`]+)`", PAGE)
ONLY = {"openai-portal/rule-test-case-count", "openai-portal/rule-raw-location"}
"""Rules that the page leaves open, and one that only our example's tools break."""


def block(kind: str, part: str) -> str:
    """Return the text of a block of the page that has this part."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.M | re.S)
    return next(text for text in blocks if part in text)


def run(line: str) -> tuple[int, str]:
    name, *words = shlex.split(line.removeprefix("$ "))
    assert name == "pgagents"
    done = CliRunner().invoke(cli, words)
    return done.exit_code, done.output


def test_document_of_a_custom_gpt_becomes_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "generated/openai/openapi.yaml"
    document.parent.mkdir(parents=True)
    document.write_bytes((ROOT / "generated/openai/openapi.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    code, said = run(block("console", "pgagents import").strip())
    assert code == 0, said
    assert REPLACED
    catalogue = Path("gpt.yaml")
    text, line = catalogue.read_text(encoding="utf-8"), f"  {REPLACED[1]}\n"
    assert text.count(line) == 1
    other = "  mcp: {actions: all}\n"
    assert text.count(other) == 1
    written = text.replace(other, "").replace(line, block("yaml", "listing:"))
    catalogue.write_text(written, encoding="utf-8")
    build, lint = block("sh", "pgagents build").splitlines()
    code, said = run(build)
    assert code == 0, said
    assert "chatgpt-app-submission.json" in said
    code, said = run(f"{lint} --format json")
    found = {one["id"] for one in json.loads(said)["files"][0]["findings"]}
    assert found <= ONLY, said
