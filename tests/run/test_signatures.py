"""Each format of signatures: the mock signs by it, and verify finds what is wrong."""

from __future__ import annotations

import pytest

from language_table import FILE, rows
from pgagents.catalogue.load import load_text
from pgagents.model.contract import Verdict
from pgagents.model.model import Model
from pgagents.model.signature import schemes
from verifying import ids, run

HEADERS = {"time": "Time", "id": "Id"}
TIMED = sorted(name for name, scheme in schemes().items() if scheme.timed)


def signing(name: str) -> Model:
    """The row's catalogue, with events and the signed action in another format."""
    scheme = schemes()[name]
    text = {
        "type": "string",
        "in": "header",
        "required": True,
        "maxLength": 200,
        "description": "Of the signature",
    }
    parts = {"time": scheme.time_header, "id": scheme.id_header}
    own = {part: header for part, header in parts.items() if header}
    action = {
        "signed": {"scheme": name, **{part: f"{part}_header" for part in own}},
        "input": {
            "signature": {"wire": scheme.header},
            **{f"{p}_header": {**text, "wire": h} for p, h in own.items()},
        },
        "examples": {"one": {"input": {f"{part}_header": "1" for part in own}}},
    }
    changes = {"webhooks": {"signature": {"scheme": name}}, "actions": {"receive_event": action}}
    return load_text(rows()["webhook-signatures"].text(changes), FILE)


@pytest.mark.parametrize("name", sorted(schemes()))
def test_mock_signs_and_checks_in_each_format(name: str) -> None:
    report = run(signing(name), allow_writes=True)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    kept = set(ids(report, Verdict.KEPT))
    assert {"event_signatures/fits@rest", "request_signatures/forged/receive_event@rest"} <= kept
    assert ("event_signatures/fresh@rest" in kept) == schemes()[name].timed
    assert ("request_signatures/old/receive_event@rest" in kept) == schemes()[name].timed


@pytest.mark.parametrize("name", sorted(schemes()))
@pytest.mark.parametrize("fault", ["webhook-unsigned", "webhook-wrong-secret", "webhook-bad-hmac"])
def test_wrong_signature_is_found_in_each_format(name: str, fault: str) -> None:
    report = run(signing(name), allow_writes=True, faults=[fault], only=("event_signatures",))
    assert ids(report, Verdict.BROKEN) == ["event_signatures/fits@rest"]


@pytest.mark.parametrize("name", TIMED)
def test_stale_time_is_found_in_each_format_that_signs_it(name: str) -> None:
    report = run(
        signing(name), allow_writes=True, faults=["webhook-signed-an-hour-ago"], only=("event_signatures",)
    )
    assert ids(report, Verdict.BROKEN) == ["event_signatures/fresh@rest"]


@pytest.mark.parametrize("name", sorted(schemes()))
@pytest.mark.parametrize("variation", ["webhook-header-case", "webhook-secret-rotates"])
def test_rotation_and_header_case_are_legal(name: str, variation: str) -> None:
    report = run(signing(name), allow_writes=True, variations=[variation], only=("event_signatures",))
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert "event_signatures/fits@rest" in ids(report, Verdict.KEPT)
