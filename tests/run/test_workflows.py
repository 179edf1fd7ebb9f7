"""The catalogue's workflows, run step by step against a sandbox on a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.http import target
from pgagents.catalogue.model.resource import Step, Workflow
from sandboxes import model
from test_server import sandbox

WORKFLOWS = model("park_graph").workflows
OF_THE_PAGES = {
    "Conversational booking",
    "Travel companion",
    "Voice ordering",
    "Fleet dispatcher",
    "Expense agent",
    "City analytics",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with sandbox(tmp_path_factory.mktemp("workflows")) as (_, facts):
        yield facts


def valued(value: Any, scope: Scope) -> Any:
    """A step's argument with its expressions evaluated."""
    if isinstance(value, Expression):
        return whole(scope.evaluate(value))
    if isinstance(value, Mapping):
        return {k: valued(v, scope) for k, v in value.items()}
    return [valued(v, scope) for v in value] if isinstance(value, list) else value


def whole(value: Any) -> Any:
    """Doubles without a fraction as whole numbers: CEL counts in doubles, and a limit is an integer."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {k: whole(v) for k, v in value.items()}
    return [whole(v) for v in value] if isinstance(value, list) else value


def sent(client: httpx.Client, step: Step, given: dict[str, Any], key: str) -> httpx.Response:
    authorization = {"Authorization": f"Bearer {key}", **dict(step.headers)}
    dispatcher = next((d for d in model("park_graph").dispatchers if d.surface == step.via), None)
    if dispatcher is not None:
        body = {dispatcher.selector: str(step.action.name), dispatcher.arguments: given}
        return client.request(dispatcher.method, str(dispatcher.path), headers=authorization, json=body)
    places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}, "header": {}}
    for param in step.action.params:
        if str(param.name) in given:
            places[param.place][param.wire] = given[str(param.name)]
    url = target(step.action.path, places["path"], places["query"].items())
    body = {"json": places["body"]} if any(p.place == "body" for p in step.action.params) else {}
    of_surface = model("park_graph").surfaces[step.via].headers if step.via else {}
    return client.request(
        step.action.method, url, headers={**authorization, **of_surface, **places["header"]}, **body
    )


def seconds(step: Step, scope: Scope) -> float:
    """Return the seconds that it waits."""
    return max(
        0.0, float(scope.evaluate(step.after_s) if isinstance(step.after_s, Expression) else step.after_s)
    )


def run(workflow: Workflow, served: dict[str, Any], *, clock: bool = True, timed: bool = True) -> int:
    """Return the number of criteria that held; one that does not hold fails the test by its text."""
    env = model("park_graph").env
    kept: dict[str, Any] = {}
    held = 0
    with httpx.Client(base_url=served["url"], timeout=600) as client:
        for step in workflow.steps:
            before = Scope({"env": env, "now": 0.0, "input": {}, **kept})
            if clock and (passes := seconds(step, before)):
                operator = {"Authorization": f"Bearer {served['keys']['operator']}"}
                assert (
                    httpx.post(served["clock_url"], json={"advance_s": passes}, headers=operator).status_code
                    == 200
                )
            given = {k: valued(v, before) for k, v in step.input.items()}
            key = (
                before.evaluate(step.key)
                if step.key
                else served["keys"]["unlimited" if step.role == "main" else step.role]
            )
            answer = sent(client, step, given, key)
            time.sleep(step.within_s / 2)
            answer = sent(client, step, given, key) if step.within_s else answer
            told = (
                201
                if step.via == "dispatcher" and answer.status_code == 200 == step.status - 1
                else answer.status_code
            )
            assert told == step.status, (workflow.name, step.name, answer.text)
            body = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text or None
            now = float(
                answer.headers.get("X-RateLimit-Reset", 0)
            )  # by the server's clock: a bucket this full is full within a second
            told_by = {"response": body, "status": answer.status_code, "headers": dict(answer.headers)}
            after = Scope({"env": env, "now": now, "input": given, **told_by, **kept})
            for criterion in (*step.expect, *step.expect_alone, *(step.expect_timed if timed else ())):
                assert after.holds(criterion), (workflow.name, step.name, criterion.wording, body)
                held += 1
            kept[step.name] = {name: after.evaluate(expression) for name, expression in step.keep.items()}
    return held


def test_the_transcript_and_the_six_workflows_of_the_pages_are_there() -> None:
    assert {w.title for w in WORKFLOWS} >= OF_THE_PAGES
    assert "vail" in {w.name for w in WORKFLOWS}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=[w.name for w in WORKFLOWS])
def test_workflow_runs_on_a_real_server(workflow: Workflow, served: dict[str, Any]) -> None:
    assert run(workflow, served) == sum(
        len(s.expect) + len(s.expect_alone) + len(s.expect_timed) for s in workflow.steps
    )


def test_the_transcripts_numbers_need_its_four_hours(served: dict[str, Any]) -> None:
    vail = next(w for w in WORKFLOWS if w.name == "vail")
    run(vail, served, clock=False, timed=False)
    with pytest.raises(AssertionError, match="duration_hours"):
        run(vail, served, clock=False)
