"""The day in a Sunset header is judged alike in every time zone of the tester."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from small_api import Notes, answer, verified, with_resource

SUNSET = "deprecation/sunset/list_notes@rest"


@pytest.fixture(params=["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def _zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Wed, 31 Dec 2031 12:00:00 GMT", Verdict.KEPT),
        ("Wed, 31 Dec 2031 00:00:00 GMT", Verdict.KEPT),
        ("Tue, 30 Dec 2031 23:59:59 GMT", Verdict.BROKEN),
        ("Thu, 01 Jan 2032 01:00:00 +0200", Verdict.KEPT),
        ("Wed, 31 Dec 2031 12:00:00 -0000", Verdict.UNTESTED),
        ("Wed, 31 Dec 2031 01:00:00", Verdict.UNTESTED),
        ("Wed, 31 Dec 2031 23:00:00", Verdict.UNTESTED),
    ],
)
def test_day_of_a_sunset_is_judged_alike_in_every_zone(text: str, verdict: Verdict) -> None:
    def listed(server: Notes, request: Request) -> Response | None:
        if request.method != "GET" or request.path != "/notes":
            return None
        return answer(200, {"notes": list(server.notes.values())}, Sunset=text)

    model = with_resource(
        ("    http: GET /notes\n", "    http: GET /notes\n    deprecated: {sunset: 2031-12-31}\n")
    )
    found = verified(model, Notes(odd=listed), only=("deprecation", "response_headers"))
    assert {r.contract.id: r.verdict for r in found.results}[SUNSET] is verdict
    (form,) = (
        r.verdict for r in found.results if r.contract.id == "response_headers/200/Sunset/list_notes@rest"
    )
    assert (form is Verdict.KEPT) == text.endswith("GMT")
