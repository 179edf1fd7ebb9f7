"""A later Park Graph is said by its catalogue alone, and its mock keeps every contract."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from inprocess import inside
from pgagents.base.http import Response
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.client.send import request_of
from pgagents.report.contract import Verdict
from starting import wait_for_ready
from verifying import SHOP, ids, plain_run, whole_run

LATER = SHOP.parent / "later.yaml"


@cache
def later() -> Model:
    return load_text(LATER.read_text(encoding="utf-8"), str(LATER))


def test_mock_keeps_every_contract_of_the_api() -> None:
    report = whole_run(LATER)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert report.footer.left_behind == ()
    assert report.exit_code == 0
    kept = set(ids(report, Verdict.KEPT))
    assert {
        "valid_calls/example/one/take_permit@agents",
        "read_after_write/permit/get_permit@agents",
        "surface_equivalence/ordinary/list_permits@rpc",
        "surface_equivalence/ordinary/search_lots@agents",
        "surface_equivalence/ordinary/search_lots@rpc",
        "invalid_input/maximum/limit/search_lots@rpc",
        "content_type/map_lot@rest",
        "absent_id/unknown/lot_id/map_lot@rest",
    } <= kept
    assert "response_headers/200/X-Map-Edition/map_lot@rest" in kept


@pytest.mark.parametrize("name", ["shop", "chat"])
def test_mock_of_a_small_catalogue_keeps_every_contract(name: str) -> None:
    report = plain_run(SHOP.with_stem(name))
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert report.exit_code == 0


def test_session_of_the_mock_ends_by_time() -> None:
    """The catalogue says that a session is completed at its `expires_at`; nobody has to end it."""
    opened = inside(later())
    action = {name: later().action(name) for name in ("start_session", "get_session")}
    credential = later().credential
    assert credential is not None

    def send(name: str, **given: Any) -> Any:
        found = action[name]
        assert found is not None
        request = request_of(found, given, proof=[(credential, opened.keys["main"])])
        answer = opened.sandbox.handler(request)
        assert isinstance(answer, Response)
        return json.loads(answer.body)

    session = send("start_session", lot_id="lot-7", plate="CO-7891")
    assert send("get_session", session_id=session["id"])["status"] == "active"
    opened.sleep(30 * 86_400)
    assert send("get_session", session_id=session["id"])["status"] == "completed"


def test_mock_and_its_tools_leave_nothing_untested() -> None:
    report = whole_run(LATER)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    kept = set(ids(report, Verdict.KEPT))
    assert {"law/at-most/near_stations@mcp", "mcp_transport/names_itself@mcp"} <= kept


def test_tool_of_the_hosted_server_alone_has_no_path() -> None:
    opened = inside(later())
    own = opened.sandbox.front.own_tools
    assert own is not None
    assert [str(a.name) for a in own.actions] == ["near_stations"]
    assert not own.actions[0].key
    assert len(own.path) > 20


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, Any]]:
    ready = tmp_path / "ready.json"
    words = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]
    command = [*words, "sandbox", str(LATER), "--port", "0", "--ready", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield wait_for_ready(ready, process)
        finally:
            process.terminate()


@pytest.mark.matrix
def test_sandbox_serves_the_hosted_tools_beside_the_api(
    served: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]
    monkeypatch.setenv("PGAGENTS_TOKEN", served["keys"]["test"])
    command = [*words, "verify", str(LATER), "--url", served["url"], "--mcp-url", served["mcp_url"]]
    for contract in ("valid_calls/ordinary/near_stations@mcp", "mcp_transport/names_itself@mcp"):
        command += ["--only", contract]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
