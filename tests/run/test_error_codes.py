"""Codes of errors are judged only where a catalogue says by which error a mistake is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response
from pgagents.inprocess import inside, over_tls, verify_sandbox
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Options
from small_api import NOTES, Notes, answer, catalogue, verified
from verifying import ROOT, model

MIB = 1_048_576


def test_code_of_a_mistake_that_the_catalogue_says_nothing_of_is_open() -> None:
    """Documents name no errors of the framework, so a code that only 405 has breaks nothing."""

    def wrong_method(_: Notes, request: Request) -> Response | None:
        told = {"detail": "no such method", "code": "NO_METHOD"}
        return answer(405, told, Allow="GET") if request.method in ("OPTIONS", "PGVERIFY") else None

    def find_verdict(*changes: tuple[str, str]) -> Verdict | None:
        model = catalogue(NOTES, ("code_at: null", "code_at: code"), *changes)
        report = verified(model, Notes(before=wrong_method))
        return {r.contract.id: r.verdict for r in report.results}.get("error_codes/framework@rest")

    assert find_verdict() is not Verdict.BROKEN
    said = ("framework: {invalid: REFUSED,", "framework: {invalid: REFUSED, wrong_method: WRONG_METHOD,")
    code = ("    NOT_FOUND: {", "    WRONG_METHOD: {status: 405, meaning: Not this}\n    NOT_FOUND: {")
    assert find_verdict(said, code) is Verdict.BROKEN


@pytest.mark.matrix
def test_file_that_is_too_large_may_be_refused_as_a_body_that_is_too_large() -> None:
    """A framework may measure the whole body first. Another code of the action is still wrong."""
    documents = model(ROOT / "tests" / "catalogues" / "documents.yaml")
    contract = "invalid_input/max_bytes/file/upload_document@rest"
    statuses: list[int] = []

    def verdict_of(status: int, code: bytes) -> Verdict | None:
        opened = inside(documents)

        def handler(request: Request) -> Response:
            answer = opened.sandbox.handler(request)
            if request.method != "POST" or len(request.body) <= MIB:
                return answer
            statuses.append(answer.status)
            return replace(answer, status=status, body=answer.body.replace(b"invalid", code))

        report = verify_sandbox(documents, opened, Options(only=(contract,)), handler=over_tls(handler))
        return {r.contract.id: r.verdict for r in report.results}.get(contract)

    assert verdict_of(422, b"invalid") is Verdict.KEPT
    assert verdict_of(413, b"too_large") is Verdict.KEPT
    assert verdict_of(415, b"content_type") is Verdict.BROKEN
    assert statuses
