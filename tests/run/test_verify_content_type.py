"""The Content-Type of an answer: its parameters are free, except the charset."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response
from small_api import Notes, catalogue, verified

JSON = "application/json"


def find_verdicts(content_type: str) -> set[str]:
    """The verdicts about the Content-Type of all answers, if each answer has this one."""
    server = Notes()

    def handler(request: Request) -> Response:
        answer = server(request)
        return replace(answer, headers=(("Content-Type", content_type),)) if answer.body else answer

    report = verified(catalogue(), handler)
    return {r.verdict.value for r in report.results if r.contract.id.startswith("content_type/")} - {
        "untested",
        "not_selected",
    }


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        ";charset=UTF-8",
        '; charset="utf-8"',
        ";odata.metadata=minimal;charset=utf-8",
        "; charset=utf-8; odata.streaming=true",
        '; profile="https://example.com/a;charset=latin1"',
        "; v=2",
    ],
)
def test_json_may_have_parameters(parameters):
    assert find_verdicts(JSON + parameters) == {"kept"}


@pytest.mark.parametrize(
    "parameters",
    [";charset=latin1", '; profile="a;b"; Charset = "utf-16"', ";charset=utf-8;charset=latin1", ";charset="],
)
def test_json_in_another_charset_is_found(parameters):
    assert "broken" in find_verdicts(JSON + parameters)
