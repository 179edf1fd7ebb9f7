"""A run stops writing when what was there before its first write is gone or changed, and only then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harm.runs import SHARED_URL, model_of, run, server_of
from pgagents.base.http import Request, Response, Silence
from pgagents.report.formats.json import document
from pgagents.report.formats.text import render


def run_beside(deed: str, *, url: str = "") -> tuple[Any, Any]:
    """Verify a server of items whose creates also do this to an older row."""
    server = server_of("integer_ids")
    older = [id for table, id in server.before if table == "items"]
    writes, reads = 0, 0

    def handler(request: Request) -> Response | Silence:
        nonlocal writes, reads
        answer = server(request)
        rows = server.tables["items"]
        there = [id for id in older if id in rows]
        writes += request.method == "POST"
        reads += request.method == "GET"
        if deed == "remove" and request.method == "POST" and writes == 8:
            rows.pop(there[0])
        if deed == "retitle" and request.method == "POST" and writes == 8:
            rows[there[0]]["title"] = "Overwritten"
        return answer

    return server, run("integer_ids", server, handler=handler, url=url)


@pytest.mark.parametrize("deed", ["remove", "retitle"])
@pytest.mark.parametrize(("url", "verdict", "code"), [("", "caused", 1), (SHARED_URL, "unclear", 3)])
def test_an_older_row_that_is_gone_or_changed_ends_the_run(
    deed: str, url: str, verdict: str, code: int
) -> None:
    server, report = run_beside(deed, url=url)
    alarm = report.footer.alarm
    assert alarm is not None
    assert (alarm.verdict, alarm.count, report.exit_code) == (verdict, 1, code)
    source = model_of("integer_ids").source
    told = document(report, source)["footer"]["alarm"]
    assert told["rows"]
    assert told["calls"][0]["curl"].startswith("curl ")
    assert "OLDER ROWS CHANGED" in render(report, source).splitlines()[2]
    json.dumps(told)
    del server


def test_a_right_server_raises_no_alarm() -> None:
    _, report = run_beside("")
    assert report.footer.alarm is None
