"""A workflow's steps say some things for verify alone: whose endpoint, whose key, how soon, and what needs a
server to itself.
"""

from __future__ import annotations

from pathlib import Path

from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import plan
from verifying import ids, keys_of, model, run, sandbox

NOTES = Path(__file__).parents[1] / "catalogues" / "notes.yaml"
ALONE = "workflow_runs/refusals/as_before/expect_alone-1@rest"


def test_what_others_could_change_is_claimed_only_of_a_server_of_ones_own():
    roles = Identities(dict.fromkeys(("main", "operator"), "pk_test_x"))
    shared = plan(model(), Options(), roles, url="https://staging.example.com")
    alone = plan(model(), Options(exclusive=True), roles, url="https://staging.example.com")
    assert {c.id: reason for c, reason in shared.left_out}[ALONE].endswith(
        "add --exclusive if nobody else uses the server"
    )
    assert ALONE in {c.id for c in alone.selected}


def test_steps_go_through_the_endpoint_and_with_the_key_that_they_name():
    opened, _ = sandbox(model())
    sent: list[Request] = []

    def handler(request: Request) -> Response | Silence:
        sent.append(request)
        return opened.handler(request)

    only = ("workflow_runs/plans", "workflow_runs/each-door")
    report = run(model(), handler=handler, keys=keys_of(opened), only=only)
    assert not report.findings
    assert "workflow_runs/plans/dead_dispatched@rest" in ids(report, Verdict.KEPT)
    given = {(r.header("authorization") or "").removeprefix("Bearer ") for r in sent}
    assert len(given - set(keys_of(opened).values()) - {""}) >= 2  # the two keys that the operator made
    assert {"mcp"} == {r.header("x-agent-surface") for r in sent} - {None}


def test_what_comes_true_a_little_later_is_waited_for():
    opened, now = sandbox(model())
    late: list[float] = []

    def handler(request: Request) -> Response | Silence:
        answer = opened.handler(request)
        if isinstance(answer, Response) and b'"REDACTED"' in answer.body and request.method == "GET":
            late.append(now[0])
            if len(late) < 3:
                return Response(
                    answer.status, answer.headers, answer.body.replace(b'"REDACTED"', b'"GONE-26"')
                )
        return answer

    report = run(model(), handler=handler, keys=keys_of(opened), only=("workflow_runs/seasons",))
    assert len(late) >= 3
    assert "workflow_runs/seasons/blank/expect_timed-1@rest" in ids(report, Verdict.KEPT)


def test_a_text_that_a_workflow_expects_is_sent_as_it_is_written():
    """Creates have marks in their texts, but here the author compares the answer with the text itself."""
    text = NOTES.read_text(encoding="utf-8")
    changed = text.replace("response.text == write.note.text", 'response.text == "Buy milk"')
    assert changed != text
    report = run(load_text(changed, "notes.yaml"))
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert "workflow_runs/write-and-read/read/expect-1@rest" in ids(report, Verdict.KEPT)


def test_what_a_step_made_may_be_named_by_a_later_step_once_it_is_shown_to_be_new():
    """A hold names a patron that an earlier step made, and that no call changes or removes."""
    library = model(NOTES.with_name("library.yaml"))
    report = run(library, only=("workflow_runs/lend",))
    assert "workflow_runs/lend/hold@rest" in ids(report, Verdict.KEPT)
