"""Right servers answer an idempotency key in several ways, and refuse for other reasons too."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.run.run import contracts
from small_api import NOTES, Notes, answer, verified, with_resource
from verifying import ROOT, model

TICKETS = ROOT / "tests" / "catalogues" / "tickets.yaml"
KEY = "      key: {type: string, minLength: 1, maxLength: 60, in: header, wire: Idempotency-Key}\n"
TEXT = "      text: {type: string, minLength: 1, maxLength: 40, required: true}\n"
CREATED = "    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}\n"
CHANGES = (
    (CREATED, f"    input:\n{TEXT}{KEY}    idempotency: key\n"),
    (f"{TEXT}    output: {{200", f"{TEXT}{KEY}    idempotency: key\n    output: {{200"),
    ("    NOT_FOUND: {status", "    TAKEN: {status: 409, meaning: Taken}\n    NOT_FOUND: {status"),
    (
        "output: {201: {$ref: Note}}\n    errors: [REFUSED]",
        "output: {201: {$ref: Note}}\n    errors: [REFUSED, TAKEN]",
    ),
)
UNUSED = "idempotency: {not_used_up_by: [422]}\n"
Again = Callable[[Response], Response]


def kept_answers(again: Again, other: Again) -> Callable[[Notes, Request], Response | None]:
    """Return a server's way with keys: `again` for a repeated call, `other` for another body."""
    known: dict[str, tuple[bytes, Response]] = {}

    def keyed(notes: Notes, request: Request) -> Response | None:
        key = request.header("Idempotency-Key")
        if key is None:
            return None
        if key in known:
            body, first = known[key]
            return again(first) if body == request.body else other(first)
        made = notes.plainly(request)
        if made.status < 300:
            known[key] = request.body, made
        return made

    return keyed


def refusing(status: int) -> Again:
    return lambda _: answer(status, {"detail": "the key was used"})


def run(way: Callable[[Notes, Request], Response | None], only: str, more: str = "") -> Report:
    of = with_resource(*CHANGES, text=NOTES + more)
    return verified(of, Notes(before=way), allow_writes=True, exclusive=True, only=(only,))


def verdict(report: Report, contract: str) -> Verdict:
    return next(r.verdict for r in report.results if r.contract.id == contract)


@pytest.mark.parametrize("status", [409, 422])
def test_a_repeated_call_may_be_refused_with_any_status(status: int) -> None:
    """Adyen answers 422, with the code 704."""
    report = run(kept_answers(refusing(status), refusing(409)), "idempotency")
    assert not report.findings
    assert verdict(report, "idempotency/replay/create_note@rest") is Verdict.KEPT


def test_an_answer_that_has_a_number_of_its_own_shows_no_second_effect() -> None:
    """So do JSON:API's `meta` and envelopes with the id of a request."""
    numbers = count()

    def number(first: Response) -> Response:
        return answer(first.status, {**read_json(first.body).value, "request": next(numbers)})

    report = run(kept_answers(number, refusing(422)), "idempotency")
    assert not report.findings
    assert verdict(report, "idempotency/replay/create_note@rest") is Verdict.KEPT
    for result in (
        r
        for r in report.results
        if r.contract.id in ("idempotency/replay/change_note@rest", "idempotency/race/change_note@rest")
    ):
        assert result.verdict is Verdict.UNTESTED
        assert "no proof of a second effect" in result.reason


def test_a_key_is_not_to_blame_for_what_a_new_key_does_not_mend() -> None:
    def full(notes: Notes, request: Request) -> Response | None:
        right = request.method == "POST" and notes.text(request) is not None
        return answer(409, {"detail": "all is taken"}) if right else None

    report = run(full, "idempotency_key_not_consumed", UNUSED)
    assert not report.findings
    assert verdict(report, "idempotency_key_not_consumed/422/create_note@rest") is Verdict.UNTESTED


@pytest.mark.parametrize("used", [False, True])
def test_a_refused_call_leaves_its_key_to_a_mended_one(used: bool) -> None:
    seen: set[str] = set()

    def keyed(_: Notes, request: Request) -> Response | None:
        key = request.header("Idempotency-Key") or ""
        if used and key in seen:
            return answer(409, {"detail": "the key was used"})
        seen.add(key)
        return None

    report = run(keyed, "idempotency_key_not_consumed", UNUSED)
    told = Verdict.BROKEN if used else Verdict.KEPT
    assert verdict(report, "idempotency_key_not_consumed/422/create_note@rest") is told


def test_an_action_may_take_the_key_of_another_if_nobody_speaks_of_it() -> None:
    """Middlewares that store answers by method, path and key let it."""
    told = [p.id for p in contracts(model(TICKETS)) if p.check == "idempotency"]
    assert told
    assert [id for id in told if "other_action" in id] == []
    assert any("other_action" in p.id for p in contracts(model()))
