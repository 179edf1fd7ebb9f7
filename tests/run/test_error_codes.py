"""Codes of errors are judged only where a catalogue says by which error a mistake is refused."""

from __future__ import annotations

from pgagents.http import Request, Response
from pgagents.model.contract import Verdict
from small_api import NOTES, Notes, answer, catalogue, verified


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
