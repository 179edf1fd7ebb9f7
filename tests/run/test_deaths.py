"""A request that ends the server is found, however the server comes back; and a connection that ends for
another reason never is.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from dying_server import supervised
from lengths import rarely
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.wire.send import Client
from small_api import KEY, with_resource

OLD = {"7": "somebody's"}


def tried(store: Path, *, workers: int = 1, **ways: Any) -> tuple[Report, dict[str, str], int]:
    """A run against a supervised server: its report, what the server holds afterwards, and its ends."""
    store.write_text(json.dumps(OLD))
    with supervised(store, **ways) as server:
        url = f"http://127.0.0.1:{server.port}"
        with Client(url, workers=workers) as client:
            report = verify(
                with_resource(),
                client,
                Identities({"main": KEY}),
                Options(workers=workers),
                clock=time.time,
                sleep=time.sleep,
                wall=lambda: "2026-11-25T10:00:00Z",
                url=url,
                timer=time.monotonic,
            )
        return report, json.loads(store.read_text()), server.ends


def crashes(report: Report) -> dict[str, str]:
    """The severity of each finding about crashes, by contract."""
    return {f.contract.id: f.severity for f in report.findings if f.contract.check == "no_crashes"}


WAYS = {
    "it is back in a fifth of a second": {},
    "its port stays open": {"held": True},
    "it answers first": {"after": True},
    "eight workers": {"workers": 8, "slow_s": 0.02},
    "eight workers, and it forgets all": {"workers": 8, "slow_s": 0.02, "forgets": True},
    "eight workers, and its port stays open": {"workers": 8, "slow_s": 0.02, "held": True},
}


NAMES = {"PUT": "change_note", "DELETE": "delete_note"}


@pytest.mark.parametrize(
    "way", rarely(WAYS, "it is back in a fifth of a second", "eight workers, and it forgets all")
)
@pytest.mark.parametrize("method", rarely(["PUT", "DELETE"], "PUT"))
def test_a_call_that_ends_the_server_is_found_and_the_run_goes_on(tmp_path, way, method):
    report, held, ends = tried(tmp_path / "notes", dies=method, **WAYS[way])
    broken = f"no_crashes/{NAMES[method]}@rest"
    assert crashes(report)[broken] == "error"
    assert set(crashes(report)) <= {broken, "no_crashes/framework@rest"}, "nobody else is blamed"
    assert {f.contract.check for f in report.findings} == {"no_crashes"}, "what it forgot is not a finding"
    (finding,) = [f for f in report.findings if f.contract.id == broken]
    assert finding.stable
    assert finding.exchanges[-1].request.method == method, "its curl line ends the server"
    assert len(finding.exchanges) > 2, "the last requests before it"
    assert ends >= 2
    assert (report.exit_code, held["7"]) == (1, "somebody's")
    left = {id for id in held if id not in OLD}
    if not WAYS[way].get("forgets"):
        assert left == {name.split()[1] for name in report.footer.left_behind}
    assert not left or method == "DELETE", "what can be removed is removed after the last return"
    other = "delete_note" if method == "PUT" else "change_note"
    kept = {r.contract.id for r in report.results if r.verdict is Verdict.KEPT}
    assert f"valid_calls/ordinary/{other}@rest" in kept, "the other calls are tried all the same"


def test_of_two_processes_one_ends_and_then_the_other(tmp_path):
    """The port stays open after the first end, and nobody is back after the second."""
    report, held, ends = tried(tmp_path / "notes", dies="PUT", processes=2, held=True, lives=1)
    assert ends == 2
    assert crashes(report) == {"no_crashes/change_note@rest": "error"}
    assert report.exit_code == 1
    assert not report.footer.complete
    assert {id for id in held if id not in OLD} == {n.split()[1] for n in report.footer.left_behind}


def test_a_server_that_never_comes_back_is_a_finding_and_what_is_left_is_listed(tmp_path):
    report, held, _ = tried(tmp_path / "notes", dies="PUT", lives=1)
    assert crashes(report) == {"no_crashes/change_note@rest": "error"}
    (finding,) = [f for f in report.findings if f.contract.check == "no_crashes"]
    assert "PUT /notes/" in finding.actual
    assert "did not come back within 10 s" in finding.actual
    assert finding.stable is None, "it was never sent a second time"
    assert (report.exit_code, report.footer.complete) == (1, False)
    left = {id for id in held if id not in OLD}
    assert left
    assert left == {name.split()[1] for name in report.footer.left_behind}


LEGAL: dict[str, dict[str, Any]] = {
    "it closes idle connections without a word": {"closes": "silently"},
    "it closes each connection, and says so": {"closes": "announced"},
    "it is started anew, and answers what is under way": {"leaves": 30},
    "it drops one connection": {"drops": 30},
    "it drops one connection of eight": {"drops": 60, "workers": 8, "slow_s": 0.02},
}


@pytest.mark.parametrize("way", LEGAL)
def test_a_connection_that_ends_for_another_reason_is_never_proof(tmp_path, way):
    report, held, _ = tried(tmp_path / "notes", **LEGAL[way])
    assert [f.contract.id for f in report.findings if f.severity == "error"] == []
    if "closes" in LEGAL[way]:
        assert report.findings == ()
    assert (report.footer.complete, report.footer.left_behind, held) == (True, (), OLD)
