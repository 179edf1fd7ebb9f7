"""Schemathesis, with all its checks, has nothing to say against a sandbox that is started from the same
catalogue as the full document.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from test_server import sandbox

pytestmark = pytest.mark.matrix
DOCUMENT = Path(__file__).resolve().parents[2] / "generated/openapi/openapi.yaml"
APART = ("receivePaymentEvent", "createWebhook")
"""One needs Stripe's signature, the other a host that the internet knows."""
CURSORS = {("GET", "/api/v1/sessions"), ("GET", "/api/v1/sessions/search")}
"""Operations with a cursor: no schema can say that only an earlier page gives one, so made-up ones are
refused and called valid.
"""


@dataclass(frozen=True, slots=True)
class Met:
    """One call and what came of it; `field` is the member that an error names, `failed` the checks that
    say no.
    """

    operation: tuple[str, str]
    status: int
    field: str | None
    failed: frozenset[str]


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> list[Met]:
    """Sessions are extended first, while the documented one is still active."""
    folder = tmp_path_factory.mktemp("schemathesis")
    with sandbox(folder) as (_, facts):
        first = list(
            _run(folder, facts, "--include-operation-id", "extendSession", "--phases", "examples,coverage")
        )
        apart = [word for name in APART for word in ("--exclude-operation-id", name)]
        return first + list(_run(folder, facts, *apart))


def _run(folder: Path, facts: dict[str, Any], *words: str) -> Iterator[Met]:
    log = folder / "events.ndjson"
    child = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", str(DOCUMENT), "--url", facts["url"],
            "--workers", "1", "--checks", "all",
            "--header", f"Authorization: Bearer {facts['keys']['unlimited']}", "--seed", "1",
            "--max-examples", "5",
            "--continue-on-failure",
            "--generation-database", "none", "--report-ndjson-path", str(log), *words,
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert child.returncode in (0, 1), child.stdout + child.stderr
    for line in log.read_text("utf-8").splitlines():
        event = json.loads(line)
        if "ScenarioFinished" in event:
            yield from _met(event["ScenarioFinished"]["recorder"])
        assert not {"NonFatalError", "FatalError"} & event.keys(), line


def _met(recorder: dict[str, Any]) -> Iterator[Met]:
    for id, interaction in recorder.get("interactions", {}).items():
        case, answer = recorder["cases"][id]["value"], interaction["response"]
        assert answer is not None, case
        body = base64.b64decode((answer["content"] or {}).get("$base64", ""))
        error = json.loads(body).get("error", {}) if answer["status_code"] >= 400 and body else {}
        failed = frozenset(c["name"] for c in recorder["checks"].get(id, ()) if c["status"] != "success")
        yield Met((case["method"], case["path"]), answer["status_code"], error.get("field"), failed)


def _operations() -> dict[tuple[str, str], dict[str, Any]]:
    paths = yaml.safe_load(DOCUMENT.read_text("utf-8"))["paths"]
    return {
        (m.upper(), path): o
        for path, item in paths.items()
        for m, o in item.items()
        if o.get("operationId") not in APART
    }


def test_schemathesis_finds_nothing(met: list[Met]) -> None:
    assert len(met) > 500
    misjudged = [m for m in met if m.operation in CURSORS and (m.status, m.field) == (400, "cursor")]
    failed = [
        m for m in met if m.failed and not (m in misjudged and m.failed == {"positive_data_acceptance"})
    ]
    assert failed == []


def test_no_call_of_schemathesis_is_limited(met: list[Met]) -> None:
    assert not [m for m in met if m.status == 429]


def test_every_operation_accepts_a_call_of_schemathesis(met: list[Met]) -> None:
    accepted = {m.operation for m in met if m.status < 300}
    assert set(_operations()) - accepted == set()


def test_every_constrained_argument_is_refused_once(met: list[Met]) -> None:
    refused: dict[tuple[str, str], set[str]] = defaultdict(set)
    for m in met:
        if m.status == 400 and m.field:
            refused[m.operation].add(re.split(r"[.\[]", m.field)[0])
    lacking = {
        (*o, name) for o, operation in _operations().items() for name in _constrained(operation) - refused[o]
    }
    assert lacking == set()


def _constrained(operation: dict[str, Any]) -> set[str]:
    """Arguments whose schema some value of the right form breaks: any path text may be tried, so their
    pattern counts too.
    """
    found = {p["name"]: p["schema"] for p in operation.get("parameters", ())}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    found |= body.get("properties", {})
    return {
        name
        for name, schema in found.items()
        if set(schema) - {"description", "default"} != {"type"} or schema["type"] != "string"
    }
