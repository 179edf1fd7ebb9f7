"""A run reads the content of an instance after it changed the instance, and finds a crash there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inprocess import inside
from loading import load_once
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest.no_crashes import list_changed
from pgagents.verify.setting import setting_of
from verifying import ids, model, run

FILE = Path(__file__).parents[1] / "catalogues/documents.yaml"
DOCUMENTS = load_once(FILE.read_text(encoding="utf-8"), FILE.name)
CONTRACT = "no_crashes/get_content@rest"


def _broken(wrap: Callable[[Handler], Handler]) -> list[str]:
    """Return what a run of this one contract finds on a mock whose answers pass through `wrap`."""
    opened = inside(DOCUMENTS)
    options = {"only": (CONTRACT,), "allow_writes": True, "exclusive": True, "keys": opened.keys}
    report = run(DOCUMENTS, handler=wrap(opened.sandbox.handler), **options)
    assert ids(report, Verdict.KEPT) or ids(report, Verdict.BROKEN)
    return ids(report, Verdict.BROKEN)


def _after_change(status: int) -> Callable[[Handler], Handler]:
    """Answer the content with a status from a change of its document to the next one of the content."""

    def wrap(inner: Handler) -> Handler:
        changed: set[str] = set()

        def handle(request: Request) -> Response | Silence:
            answer = inner(request)
            if request.method == "PATCH" and isinstance(answer, Response) and answer.status == 200:
                changed.add(f"{request.path}/content")
            if request.method == "PUT":  # a workflow changes a document, and then its content
                changed.discard(request.path)
            if request.method == "GET" and request.path in changed and isinstance(answer, Response):
                return Response(status, answer.headers, answer.body) if status else answer
            return answer

        return handle

    return wrap


def test_crash_after_a_change_is_found() -> None:
    assert _broken(_after_change(500)) == [CONTRACT]


def test_read_that_a_change_shuts_is_no_crash() -> None:
    assert _broken(_after_change(409)) == []
    assert _broken(_after_change(0)) == []


def test_resources_that_are_read_after_a_change() -> None:
    found = {
        (case.resource.name, case.change.place): [read.place for read in case.reads]
        for case in list_changed(setting_of(DOCUMENTS))
    }
    assert found == {("document", "update_document@rest"): ["get_content@rest"]}
    assert list(list_changed(setting_of(model()))) == []
