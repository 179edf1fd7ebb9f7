"""An error may repeat the path of its request, even under `/app/`, and reveals no file of the server."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response
from small_api import NOTES, Notes, catalogue, verified

MODEL = catalogue(NOTES.replace(" /notes", " /app/notes"))


def find_verdicts(told: str) -> set[str]:
    """The verdicts about leaks, if each error has this text, in which PATH stands for the request's path."""
    server = Notes()

    def handler(request: Request) -> Response:
        answer = server(replace(request, target=request.target.removeprefix("/app")))
        if answer.status < 400:
            return answer
        body = {"detail": "refused", "told": told.replace("PATH", request.path)}
        return replace(answer, body=json.dumps(body).encode())

    report = verified(MODEL, handler)
    return {r.verdict.value for r in report.results if r.contract.id.startswith("no_leaks/")} - {
        "untested",
        "not_selected",
    }


@pytest.mark.parametrize("told", ["PATH", "PATH#1", "nothing at PATH.", "PATH/errors/1"])
def test_error_may_repeat_the_path_of_its_request(told: str) -> None:
    assert find_verdicts(told) == {"kept"}


@pytest.mark.parametrize(
    "told",
    [
        "PATH.py",
        "PATH/handler.py",
        "/app/notes.py",
        "/app/server/index.js",
        "at PATH in /srv/api/main.rb",
        "/home/api",
        "/app/not",
    ],
)
def test_another_path_in_an_error_is_found(told: str) -> None:
    assert "odd" in find_verdicts(told)
