"""The engine saves and holds back requests: shared exchanges, calls at once, limits, workflows, an exclusive
target.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Barrier, Thread
from typing import Any

import pytest

from pgagents.base.http import Request, Response, Silence, json_bytes
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.sandbox import Sandbox
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.checks.idempotency import failure_atomicity
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, plan, verify
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.encode import present, request_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.send import Client
from verifying import URL, ids, keys_of, model, run, sandbox

TWO = {"main", "second"}
NAME = failure_atomicity.CHECK.name


def exchanges(
    keys: Mapping[str, str] | None = None, opened: Sandbox | None = None, **options: Any
) -> tuple[list[Request], Report]:
    """Every request of a run against a sandbox with the ordinary roles, and its report."""
    opened = opened or sandbox(model())[0]
    sent: list[Request] = []

    def handler(request: Request) -> Response | Silence:
        sent.append(request)
        return opened.handler(request)

    chosen = {role: key for role, key in keys_of(opened).items() if role in TWO}
    return sent, run(model(), handler=handler, keys=keys or chosen, **options)


@pytest.mark.matrix
def test_a_standard_run_with_two_keys_leaves_some_of_its_budget_for_what_goes_wrong():
    sent, report = exchanges()
    shares = plan(model(), Options(), Identities(dict.fromkeys(TWO, "pk_test_x")), url=URL).shares
    assert shares.keys() == {"main", "second"}
    assert 25 * 26 < shares["main"] < 50 * 26  # what the plan needs is more than usual
    assert len(sent) == report.footer.requests < sum(shares.values())
    assert ids(report, Verdict.UNTESTED) == []


@pytest.mark.matrix
def test_repeats_of_a_busy_server_are_no_part_of_the_budget_unless_it_was_set():
    opened = sandbox(model())[0]
    met = [0]

    def busy(request: Request) -> Response | Silence:
        met[0] += 1
        return Response(503, (("Retry-After", "1"),), b"") if met[0] % 4 == 0 else opened.handler(request)

    keys = {role: key for role, key in keys_of(opened).items() if role in TWO}
    report = run(model(), handler=busy, keys=keys)
    budget = plan(model(), Options(), Identities(dict.fromkeys(TWO, "pk_test_x")), url=URL).shares
    assert report.footer.requests > 25 * 26 + 100
    assert report.footer.requests - met[0] // 4 <= sum(budget.values()), (
        "what came again after a 503 is extra"
    )
    assert (
        run(model(), handler=busy, keys=keys, max_requests=400).footer.requests <= 400 + 25
    )  # repeats while undoing come on top


@pytest.mark.matrix
def test_no_correct_read_is_sent_twice_in_a_row():
    again = ("hint_", "hosted_document/", "discovery_headers/", "advertised_links/", "removals/")
    # these compare what is read twice, read a document each by itself, or list what a first removal has left
    sent, _ = exchanges(skip=again)
    twice = [a for a, b in pairwise(sent) if a == b and a.method == "GET"]
    assert twice == []


def test_an_example_is_sent_as_it_is_documented():
    refunding = [
        c.id for c in contracts(model()) if c.check == "valid_calls" and c.action == "refund_session"
    ]
    sent, _ = exchanges(only=tuple(refunding))
    refunds = [
        json.loads(r.body) for r in sent if r.target == "/api/v1/refunds" and b"The lot was closed" in r.body
    ]
    assert [r for r in refunds if "amount" not in r]


def test_calls_at_the_same_time_with_one_idempotency_key_have_one_effect():
    kept = ids(run(model(), only=("idempotency",)), Verdict.KEPT)
    assert [id for id in kept if id.startswith("idempotency/race/")] == [
        f"idempotency/race/{place}"
        for place in sorted(
            (
                "create_session@dispatcher",
                "create_session@rest",
                "dispatch_av_fleet@rest",
                "end_session@dispatcher",
                "end_session@rest",
                "extend_session@rest",
                "refund_session@rest",
            ),
            key=[id.rpartition("/")[2] for id in kept].index,
        )
    ]


def test_limits_are_exceeded_only_when_asked_for():
    whole = Identities(dict.fromkeys(("main", "second"), "pk_test_x"))
    without, with_limits = (plan(model(), Options(limits=limits), whole, url=URL) for limits in (False, True))
    bursts = {c.id for c in contracts(model()) if c.check == "rate_limit_enforcement"}
    assert bursts
    assert {c.id for c, _ in without.left_out} >= bursts
    assert {c.id for c in with_limits.selected} >= bursts
    assert with_limits.total > without.total + 240
    assert "99" in with_limits.by_stage


def test_a_unlimited_key_claims_nothing_about_the_ordinary_limit():
    verdicts = {r.contract.id: r for r in run(model(), limits=True, only=("rate_limit_enforcement",)).results}
    found = verdicts["rate_limit_enforcement/limit/read@rest"]
    assert (found.verdict, "unlimited" in found.reason) == (Verdict.NOT_APPLICABLE, True)
    assert (
        verdicts["rate_limit_enforcement/limit/address@rest"].verdict is Verdict.KEPT
    )  # nobody lifts that of a call without a key


def test_an_ordinary_key_proves_every_limit():
    opened, _ = sandbox(model())
    keys = {"main": opened.tokens["test"], "second": opened.tokens["second"]}
    now = [opened.front.clock.now()]
    report = verify(
        model(),
        opened.handler,
        Identities(keys),
        Options(live=False, limits=True, only=("rate_limit_enforcement", "response_headers/Retry-After")),
        clock=opened.front.clock.now,
        sleep=lambda s: opened.front.clock.advance(s),
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
    )
    assert report.findings == ()
    assert {r.verdict for r in report.results if r.contract.check == "rate_limit_enforcement"} == {
        Verdict.KEPT
    }
    assert "response_headers/Retry-After/framework@rest" in ids(report, Verdict.KEPT)
    assert opened.front.clock.now() > now[0]


def test_every_step_and_criterion_of_a_workflow_is_a_contract_of_its_own():
    listed = {c.id for c in contracts(model()) if c.check == "workflow_runs"}
    count = sum(
        1 + len(s.expect) + len(s.expect_timed) + len(s.expect_alone)
        for w in model().workflows
        for s in w.steps
    )
    assert len(listed) == count
    assert "workflow_runs/vail/leave/expect_timed-2@rest" in listed


def test_a_workflows_hours_need_the_operators_clock():
    timed = "workflow_runs/vail/leave/expect_timed-2@rest"
    _, without = exchanges(only=("workflow_runs/vail",))
    found = next(r for r in without.results if r.contract.id == timed)
    assert (found.verdict, "--identity operator" in found.reason) == (Verdict.NOT_SELECTED, True)
    assert "workflow_runs/vail/leave/expect-2@rest" in ids(without, Verdict.KEPT)
    assert timed in ids(run(model(), only=("workflow_runs/vail",)), Verdict.KEPT)


def test_a_workflow_that_meets_a_full_place_is_untested_and_no_finding():
    opened, _ = sandbox(model())

    def handler(request: Request) -> Response | Silence:
        answer = opened.handler(request)
        if (
            request.target == "/api/v1/sessions"
            and request.method == "POST"
            and isinstance(answer, Response)
            and answer.status == 201
        ):
            error = {"code": "CONFLICT", "message": "It is full", "request_id": answer.header("X-Request-Id")}
            return Response(409, answer.headers, json_bytes({"error": error}))
        return answer

    report = run(model(), handler=handler, keys=keys_of(opened), only=("workflow_runs/voice",))
    park = next(r for r in report.results if r.contract.id == "workflow_runs/voice/park@rest")
    assert (park.verdict, "refused because of the current state" in park.reason) == (Verdict.UNTESTED, True)


@pytest.mark.parametrize("check", ["capacity", "no_effect_of_refusals"])
def test_counts_and_lists_are_judged_only_where_nobody_else_changes_them(check):
    whole = Identities(dict.fromkeys(("main", "second"), "pk_test_x"))
    listed = {c.id for c in contracts(model()) if c.check == check}
    shared = plan(model(), Options(), whole, url="https://staging.example.com")
    alone = plan(model(), Options(exclusive=True), whole, url="https://staging.example.com")
    assert listed
    assert {c.id for c, _ in shared.left_out} >= listed
    assert {c.id for c in alone.selected} >= listed


def test_whoever_calls_next_is_made_to_fail_only_where_nobody_else_does():
    whole = Identities(dict.fromkeys(("main", "second", "operator"), "pk_test_x"))
    shared, alone = (
        {
            c.id
            for c in plan(
                model(), Options(exclusive=exclusive), whole, url="https://staging.example.com"
            ).selected
            if c.check == NAME
        }
        for exclusive in (False, True)
    )
    of_the_next = {
        id for id in alone if id.endswith("/create_session@rest")
    }  # that of a session of ours fails by its own id
    assert shared == alone - of_the_next
    assert of_the_next
    assert shared
    setting = setting_of(model(), "https://staging.example.com")
    probed = {p.name for p in failure_atomicity.CHECK.list_probes(setting, frozenset(whole.keys))}
    assert not [name for name in probed if name.endswith("/create_session@rest")]


@pytest.mark.matrix
@pytest.mark.parametrize(
    "fault",
    ["create-field-lost", "search-unsorted", "end-keeps-state", "money-rounded-down"],
)
def test_a_finding_that_hangs_on_what_was_known_before_is_told_stable(fault):
    report = run(model(), faults=[fault])
    assert report.findings
    assert [f.contract.id for f in report.findings if f.stable is False] == []


class ToolCalls:
    """A protocol of tool calls over one path, as MCP's `tools/call` is."""

    def params(self, action: Any) -> tuple[Any, ...]:
        return tuple(p for p in action.params if p.place != "header")

    def request(
        self, action: Any, values: Mapping[str, Any], *, keyed: bool = False
    ) -> tuple[str, str, list[tuple[str, str]], bytes]:
        del keyed
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": str(action.name), "arguments": dict(values)},
        }
        return "POST", "/mcp", [("Content-Type", "application/json")], json_bytes(call)

    def answer(self, action: Any, response: Response) -> Response:
        del action
        told = json.loads(response.body)["result"]
        status = int(told["structuredContent"].pop("status", 200)) if told.get("isError") else 200
        return Response(status, response.headers, json_bytes(told["structuredContent"]))


def test_a_surface_with_a_protocol_of_its_own_is_a_endpoint_with_a_form():
    setting = setting_of(model(), URL)
    search = setting.by_place["search_parking@rest"].action
    endpoint = Endpoint(search, "mcp", None, "search_parking@mcp", ToolCalls())
    call = ordinary(endpoint, template_of(model(), search), "valid", "a tool call")
    request = request_of(call, {"lat": 1, "lng": 2}, present(model().credential, "k"))
    assert (request.target, json.loads(request.body)["params"]["arguments"]) == ("/mcp", {"lat": 1, "lng": 2})
    assert request.header("Authorization") == "Bearer k"
    assert not is_invalid(setting, call)
    assert is_invalid(
        setting, ordinary(endpoint, template_of(model(), search), "invalid", "", input={"lat": 91, "lng": 2})
    )
    refused = {"error": {"code": "BAD_REQUEST", "message": "no", "request_id": "req_1"}, "status": 400}
    assert _seen(call, request, {"structuredContent": {"lots": []}}).success
    assert _seen(call, request, {"structuredContent": refused, "isError": True}).code == "BAD_REQUEST"


def _seen(call: Call, request: Request, result: dict[str, Any]) -> Exchange:
    answer = Response(200, (), json_bytes({"jsonrpc": "2.0", "id": 1, "result": result}))
    return Exchange(
        1,
        call,
        {},
        request,
        answer,
        seconds=0.0,
        sent_at=0.0,
        codes=model().codes,
        errors=model().error_reader,
        limits=model().limit_reader,
    )


def test_calls_at_once_are_on_the_wire_at_the_same_time():
    """The server answers none of two calls before it has both."""
    both = Barrier(2)

    class Waits(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            both.wait(timeout=600)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Waits)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with (
            Client(f"http://127.0.0.1:{server.server_port}", timeout_s=15) as client,
            ThreadPoolExecutor(2) as threads,
        ):
            answers = list(threads.map(client, [Request("GET", "/"), Request("GET", "/")]))
    finally:
        server.shutdown()
        server.server_close()
    assert [answer.status for answer in answers if isinstance(answer, Response)] == [200, 200]
