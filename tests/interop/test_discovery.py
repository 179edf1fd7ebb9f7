"""The documents by which agents find a host pass the official judges. These are ARD's conformance test of
Lighthouse, the published schema of server cards, and Lighthouse's rule for llms.txt.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from offering import ROOT, hosted
from pgagents.catalogue.load import load_file
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build

pytestmark = pytest.mark.interop

JUDGE = Path(__file__).resolve().parent / "discovery_judges"
CARD_SCHEMA = JUDGE / "server-card.schema.json"


def later() -> Model:
    """A catalogue with a hosted MCP server alone."""
    return load_file(ROOT / "tests/catalogues/later.yaml")


def library() -> Model:
    """A catalogue with a hosted MCP server beside its package."""
    return load_file(ROOT / "tests/catalogues/library.yaml")


def starting() -> Model:
    """The shop with a hosted server and starters, which become the catalogue's queries."""
    return hosted(surfaces__copilot__starters=["Is there a kettle?", "Order two mugs"])


@pytest.fixture(params=[later, library, hosted, starting])
def files(request: pytest.FixtureRequest) -> dict[str, bytes]:
    """The documents of a catalogue whose MCP server is hosted."""
    return {a.path: a.data for a in build(request.param()).artifacts()}


@pytest.fixture(scope="session")
def ard(
    install: Callable[[Path], str], pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[bytes], Any]:
    """Answers what the conformance test says of a catalogue's bytes."""
    if "interop" not in pytestconfig.getoption("markexpr"):
        pytest.skip("it takes half a minute, and 176 MB from npm: make interop runs it")
    if why := install(JUDGE):
        pytest.skip(why)
    file = tmp_path_factory.mktemp("ard") / "ai-catalog.json"

    def judge(data: bytes) -> Any:
        file.write_bytes(data)
        done = subprocess.run(
            ["node", str(JUDGE / "judge.mjs"), str(file)],
            cwd=JUDGE,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    return judge


def test_the_conformance_test_of_ard_takes_the_catalogue(files: dict[str, bytes], ard: Any) -> None:
    for name in ("web/ai-catalog.json", "web/ard.json"):
        said = ard(files[name])
        assert said["errors"] == []
        queried = "representativeQueries" in json.loads(files[name])["entries"][0]
        assert (said["warnings"] == []) == queried


def test_the_conformance_test_of_ard_refuses_what_is_wrong(files: dict[str, bytes], ard: Any) -> None:
    data = json.loads(files["web/ai-catalog.json"])
    for member in ("displayName", "identifier", "url", "type"):
        (entry,) = data["entries"]
        kept = {name: value for name, value in entry.items() if name != member}
        assert ard(json.dumps({**data, "entries": [kept]}).encode())["errors"], member


def _judge_card(card: Any) -> list[str]:
    whole = json.loads(CARD_SCHEMA.read_text(encoding="utf-8"))
    schema = {"$schema": whole["$schema"], "$defs": whole["$defs"], "$ref": "#/$defs/ServerCard"}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    found = jsonschema.Draft202012Validator(schema, format_checker=checker).iter_errors(card)
    return [error.message for error in found]


def test_the_published_schema_takes_the_card(files: dict[str, bytes]) -> None:
    card = json.loads(files["mcp/server-card.json"])
    assert _judge_card(card) == []
    for wrong in ({"name": "no slash"}, {"description": "x" * 101}, {"remotes": [{"type": "stdio"}]}):
        assert _judge_card({**card, **wrong})


def test_lighthouse_takes_the_overview(files: dict[str, bytes]) -> None:
    """Its audit `llms-txt` (13.5.0) asks for a heading, a link and 50 characters."""
    text = files["web/llms.txt"].decode()
    assert re.search(r"^# \S", text, re.M)
    assert re.search(r"\[[^\]]+\]\([^)]+\)", text)
    assert len(text) >= 50
