"""A text that frameworks read as a boolean is legal in a query, and the promise fits each wrong value."""

from __future__ import annotations

from functools import cache

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

WORDS = {"true", "1", "yes", "y", "on", "t", "false", "0", "no", "n", "off", "f"}
"""The words that Pydantic reads as booleans."""
STOP, MOST = "invalid_input/type/stop/list_steps@rest", "invalid_input/type/most/list_steps@rest"


@cache
def model() -> Model:
    def query(name: str, type: str) -> dict[str, object]:
        return {"name": name, "in": "query", "schema": {"type": type}}

    answers = {"200": {"description": "So", "content": {"application/json": {"schema": {"type": "array"}}}}}
    get = {
        "operationId": "listSteps", "summary": "List", "responses": answers,
        "parameters": [query("stop", "boolean"), query("most", "integer")],
    }  # fmt: skip
    return imported(openapi({"/steps": {"get": get}})).model


def run(words: set[str], *, whole: bool = True) -> Report:
    """Verify a server that takes these words for a boolean, and numbers with a part only if not `whole`."""

    def server(request: Request) -> Response:
        given = dict(request.query)
        wrong = given.get("stop", "true").lower() not in words
        wrong |= whole and not given.get("most", "1").lstrip("-").isdecimal()
        return Response(422 if wrong else 200, (("Content-Type", "application/json"),), json_bytes([]))

    now = [1_776_000_000.0]
    return verify(
        model(), server, Identities({}), Options(live=False, only=(STOP, MOST)),
        clock=lambda: now[0], sleep=lambda _: None, wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1", timer=lambda: now[0],
    )  # fmt: skip


def verdicts(report: Report) -> dict[str, str]:
    return {result.contract.id: str(result.verdict.value) for result in report.results}


def test_a_word_that_frameworks_read_as_a_boolean_is_one_in_a_query() -> None:
    found = verdicts(run(WORDS))
    assert (found[STOP], found[MOST]) == ("kept", "kept")


def test_any_other_word_is_none() -> None:
    assert verdicts(run(WORDS | {"pgv"}))[STOP] == "broken"


@pytest.mark.parametrize("name", ["most", "stop"])
def test_the_promise_is_true_of_each_wrong_value(name: str) -> None:
    said = {contract.id: contract.says for contract in (r.contract for r in run(WORDS, whole=False).results)}
    kind = {"most": "integer", "stop": "boolean"}[name]
    promise = f"list_steps refuses a call where {name} has another type than {kind}"
    assert said[{"most": MOST, "stop": STOP}[name]] == promise
