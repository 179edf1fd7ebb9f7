"""No number of a server stops a check: each gets a verdict, and no error of the tester."""

from __future__ import annotations

import re
from functools import cache

import pytest

from inprocess import inside
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from small_api import NOTES, Notes, catalogue, verified

LIMITS = """
limits:
  headers: {limit: X-RateLimit-Limit, remaining: X-RateLimit-Remaining, reset: X-RateLimit-Reset}
  buckets: {reads: {requests: 240, of: key, description: Reads}}
"""
NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
NUMBERS = (
    "0",
    "-1",
    "-0",
    "²",
    "٣",
    "NaN",
    "inf",
    "1e999",
    "0x10",
    "",
    " ",
    "9" * 15,
    "9" * 400,
    "1795600715",
)


@cache
def limited_notes(of: str = "key") -> Model:
    """The API of notes, whose list has a bucket and whose answers say its level."""
    text = NOTES.replace("    http: GET /notes\n", "    http: GET /notes\n    bucket: reads\n")
    return catalogue(text + LIMITS.replace("of: key", f"of: {of}"))


def read_only(numbers: tuple[str, ...]) -> Report:
    """Run the reads of a server whose headers have these numbers."""

    def add_numbers(answer: Response) -> Response:
        for name, number in zip(NAMES, numbers, strict=True):
            answer = answer.with_header(name, number)
        return answer

    server = Notes()

    def respond(request: Request) -> Response:
        return add_numbers(server(request))

    return verified(limited_notes(), respond, only=("rate_limit_headers",))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("place", range(3))
def test_a_number_in_a_limits_header_gets_a_verdict_and_no_error(place: int, number: str) -> None:
    usual = ["240", "239", "1790000060"]
    usual[place] = number
    report = read_only(tuple(usual))
    assert not [note for note in report.footer.notes if "internal error" in note]
    assert not [r for r in report.results if "internal error" in r.reason]


def test_a_limit_of_zero_breaks_the_published_limit_and_nothing_else() -> None:
    report = read_only(("0", "0", "1790000060"))
    assert [(f.contract.id, f.actual) for f in report.findings] == [
        ("rate_limit_headers/limit/list_notes@rest", "a limit of 0")
    ]
    reasons = {r.contract.detail: r.reason for r in report.results if r.verdict is Verdict.UNTESTED}
    assert reasons["remaining"] == reasons["reset"] == "the answer announces a limit of 0"


def test_right_limit_headers_are_kept() -> None:
    left = iter(range(239, 0, -1))
    server = Notes()

    def respond(request: Request) -> Response:
        answer = server(request)
        for name, number in zip(NAMES, ("240", str(next(left)), "1790000001"), strict=True):
            answer = answer.with_header(name, number)
        return answer

    report = verified(limited_notes(), respond, only=("rate_limit_headers",))
    verdicts = {r.contract.id: r.verdict for r in report.results if r.contract.check == "rate_limit_headers"}
    assert {
        verdicts[f"rate_limit_headers/{detail}/list_notes@rest"] for detail in ("limit", "remaining", "reset")
    } == {Verdict.KEPT}


@pytest.mark.parametrize("keyed", [True, False])
def test_the_sandbox_counts_calls_by_address_with_a_key_and_without(keyed: bool) -> None:
    text = NOTES.replace(
        "    http: GET /notes\n", "    http: GET /notes\n    bucket: reads\n    security: [{key: []}, {}]\n"
    )
    opened = inside(catalogue(text + LIMITS.replace("of: key", "of: address")))
    headers = (("Authorization", f"Bearer {opened.sandbox.tokens['test']}"),) if keyed else ()
    left = []
    for _ in range(2):
        answer = opened.sandbox.handler(Request("GET", "/notes", headers))
        assert (answer.status, answer.header("X-RateLimit-Limit")) == (200, "240")
        left.append(int(re.sub(r"\D", "", answer.header("X-RateLimit-Remaining") or "")))
    assert left == [239, 238]
