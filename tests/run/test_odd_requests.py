"""Odd requests, such as a NUL in a path, may be answered in any way but by a crash."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from small_api import NOTES, Notes, answer, catalogue, verified

ODD = {"HEAD": "HEAD", "OPTIONS": "OPTIONS", "twice": "a=1&a=2", "percent": "%zz%", "NUL": "%ff%c0%af%00"}


@pytest.mark.parametrize("odd", ["", *ODD])
def test_crash_by_an_odd_request_is_found_once(odd: str) -> None:
    """LoopBack's router answers 500 to a path with bytes that are not UTF-8."""

    def crash(_: Notes, request: Request) -> Response | None:
        hit = bool(odd) and ODD[odd] in f"{request.method} {request.target}"
        return answer(500, {"detail": "internal error"}) if hit else None

    report = verified(
        catalogue(NOTES), Notes(before=crash), only=("framework/survives", "no_crashes/framework")
    )
    verdicts = {result.contract.id: result.verdict.value for result in report.results}
    assert verdicts["framework/survives@rest"] == ("untested" if odd else "kept")
    assert [f.contract.id for f in report.findings] == (["no_crashes/framework@rest"] if odd else [])
