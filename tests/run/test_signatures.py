"""Each format of signatures: the mock signs by it, and verify finds what is wrong."""

from __future__ import annotations

import pytest

from inprocess import inside, over_tls, verify_sandbox
from language_table import FILE, rows
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.credential import schemes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.sandbox.deliver import make_headers
from pgagents.verify.checks.events.event_signatures import hear
from pgagents.verify.events import Heard, read
from pgagents.verify.plan.options import Options
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.receiver import Delivery
from verifying import ids, run

HEADERS = {"time": "Time", "id": "Id"}
SECRET = "whsec_c2VjcmV0"
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


@pytest.mark.parametrize(
    ("secret", "broken"), [("whsec_abcde", True), ("whsec_", False), ("whsec_YWJjZA", False)], ids=str
)
def test_secret_that_is_no_base64_is_a_finding(secret: str, broken: bool) -> None:
    """A format whose key is coded cannot sign with it; an empty key and one without padding it can use."""
    model = signing("standard_webhooks")
    opened = inside(model)
    serve = over_tls(opened.sandbox.handler)

    def handler(request: Request) -> Response | Silence:
        answer = serve(request)
        told = read_json(answer.body).value if isinstance(answer, Response) and answer.body else None
        if not isinstance(answer, Response) or not isinstance(told, dict) or "secret" not in told:
            return answer
        return answer.with_json({**told, "secret": secret})

    options = Options(only=("event_signatures/",), allow_writes=True)
    report = verify_sandbox(model, opened, options, handler=handler)
    found = {f.contract.id: f.actual for f in report.findings}
    assert ("not base64" in found["event_signatures/fits@rest"]) is broken
    assert secret[6:] not in str(found) or not secret[6:]
    assert not [n for n in report.footer.notes if "internal" in n]


def test_own_secret_that_is_no_base64_is_refused_before_the_run() -> None:
    model = signing("standard_webhooks")
    role = next(a.signed.role for a in model.actions if a.signed is not None)
    keys = {**inside(model).keys, role: "whsec_abcde"}
    with pytest.raises(PgagentsError, match=f"`{role}` cannot sign") as refused:
        run(model, keys=keys, allow_writes=True)
    assert "abcde" not in str(refused.value)


@pytest.mark.parametrize("name", TIMED)
def test_stale_time_is_found_in_each_format_that_signs_it(name: str) -> None:
    report = run(
        signing(name), allow_writes=True, faults=["webhook-signed-an-hour-ago"], only=("event_signatures",)
    )
    assert ids(report, Verdict.BROKEN) == ["event_signatures/fresh@rest"]


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize(("late_s", "said"), [(3_600, "before"), (-3_600, "after"), (299, ""), (-299, "")])
def test_wrong_time_is_told_by_its_name_and_its_side_of_the_delivery(
    name: str, late_s: float, said: str
) -> None:
    scheme, model = schemes()[name], signing(name)
    headers = make_headers(scheme, scheme.header, SECRET, b"{}", 1_000_000, "one")
    event = read(model, Delivery(tuple(headers.items()), b"{}", 1_000_000 + late_s, 200))
    told = [j.actual for j in hear(Heard(SECRET, (event,)), setting_of(model)) if j.verdict is Verdict.BROKEN]
    where = {"t_v1_hmac_sha256": "t", "slack_v0": "X-Slack-Request-Timestamp"}.get(name, "webhook-timestamp")
    assert told == ([f"{where} is 3,600 s {said} it"] if said else [])


@pytest.mark.parametrize("name", sorted(schemes()))
@pytest.mark.parametrize("variation", ["webhook-header-case", "webhook-secret-rotates"])
def test_rotation_and_header_case_are_legal(name: str, variation: str) -> None:
    report = run(signing(name), allow_writes=True, variations=[variation], only=("event_signatures",))
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert "event_signatures/fits@rest" in ids(report, Verdict.KEPT)
