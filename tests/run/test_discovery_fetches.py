"""Several checks read what a host advertises to agents; each document is fetched once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from inprocess import inside
from pgagents.base.http import Request, Response, Silence
from pgagents.report.contract import Verdict
from verifying import ids, model, run

LATER = Path(__file__).parents[1] / "catalogues/later.yaml"
CHECKS = ("advertised_links", "hosted_document", "discovery_headers")


def test_equal_fetches_are_made_once() -> None:
    of = model(LATER)
    sandbox = inside(of).sandbox
    came: Counter[tuple[str, str, str]] = Counter()

    def count(request: Request) -> Response | Silence:
        more = "|".join(request.header(name) or "" for name in ("Accept", "Origin", "If-None-Match"))
        came[request.method, request.target, more] += 1
        return sandbox.handler(request)

    report = run(of, handler=count, only=CHECKS)
    paths = [str(path) for path in of.api.hosted.values()]
    fetched = {key: number for key, number in came.items() if key[1] in paths and key[0] == "GET"}
    assert ids(report, Verdict.BROKEN) == []
    assert {key[1] for key in fetched} == set(paths)
    twice = {key: number for key, number in fetched.items() if number > 1}
    assert twice == {}
