"""verify on an MCP server: our own in front of a sandbox, with faults and variations around it, and
hostile ones.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from calling import hostile, served
from faults import of_mcp
from inprocess import ENOUGH, inside, mcp_inside, tool_contracts, verify_mcp, verify_sandbox
from language_table import model_of, rows
from lengths import rarely
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.cli.inputs.companions import environment, inherit
from pgagents.cli.main import main
from pgagents.client.environment import RUN_KEY, RUN_URL
from pgagents.report.contract import Verdict
from pgagents.report.report import RecordedExchange, Report
from pgagents.sandbox import fault_registry
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import plan
from pgagents.verify.wire import mcp_process
from pgagents.verify.wire.mcp_link import Link, StreamClient
from pgagents.verify.wire.mcp_messages import ToolForm, events, read
from pgagents.verify.wire.mcp_process import MAX_LINE, Stdio
from surprises import find_surprises, group_up
from verifying import (
    PARK_GRAPH,
    ROOT,
    SHOP,
    TOO_SMALL,
    checks,
    fault_contracts,
    following,
    ids,
    list_writes,
    model,
    plain_run,
)

COMMAND = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]
LIST = {"method": "tools/list"}
NOTES = ROOT / "tests" / "catalogues" / "notes.yaml"


@cache
def everything() -> Report:
    """A whole run with the MCP server, once."""
    of = model()
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        return verify_sandbox(of, opened, Options(), mcp=link)


def of_tools(report: Report, verdict: Verdict) -> list[str]:
    wanted = set(tool_contracts(model()))
    return [id for id in ids(report, verdict) if id in wanted]


def test_our_server_keeps_every_contract_beside_the_api() -> None:
    report = everything()
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert report.footer.left_behind == ()
    assert len(of_tools(report, Verdict.KEPT)) > 300
    assert [n for n in report.footer.notes if "speaks MCP 2026-07-28 over HTTP" in n]


def test_the_tools_cost_no_more_than_25_requests_each() -> None:
    report = everything()
    without = plain_run()
    assert without.footer.requests < report.footer.requests <= without.footer.requests + 25 * 15


@pytest.mark.matrix
@pytest.mark.parametrize("seed", [1, 2])
def test_another_seed_finds_nothing_either(seed: int) -> None:
    report = verify_mcp(model(), seed=seed)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []


def test_contracts_of_tools_are_not_selected_without_a_server() -> None:
    report = plain_run()
    left = {r.contract.id: r.reason for r in report.results if r.contract.id in set(tool_contracts(model()))}
    assert len(left) == len(tool_contracts(model()))
    assert {report.results[i].verdict for i, r in enumerate(report.results) if r.contract.id in left} == {
        Verdict.NOT_SELECTED
    }
    assert set(left.values()) == {"needs the MCP server: add --mcp-url URL or --mcp-stdio CMD"}


def test_the_plan_grows_with_the_server_alone() -> None:
    link = Link(lambda _: Silence("refused"), url="http://127.0.0.1:1")
    bare, more = (
        plan(model(), Options(), Identities(), url="http://127.0.0.1:1", mcp=mcp) for mcp in (None, link)
    )
    assert bare.total < more.total <= bare.total + 25 * 15
    assert link.requests == 0


def test_ids_inside_another_member_may_differ_between_surfaces() -> None:
    report = verify_mcp(model_of("id-path"))
    assert not report.findings
    assert "surface_equivalence/ordinary/create_note@mcp" in ids(report, Verdict.KEPT)


def test_result_may_say_more_beside_its_data() -> None:
    """Our own server names the next page in a text of its own, where only a header announces it."""
    report = verify_mcp(model_of("pages-by-link-header"))
    assert not report.findings
    assert "mcp_results/text/list_notes@mcp" in ids(report, Verdict.KEPT)


@pytest.mark.parametrize("wrong", [False, True])
def test_short_fresh_value_may_be_repeated_and_nothing_else(wrong: bool) -> None:
    """An argument of 20 characters has no room for a mark, so each of two compared calls has a digest."""
    of, tool = model_of("member-names"), "surface_equivalence/ordinary/create_note@mcp"
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        served = link.handler

        def handler(request: Request) -> Response | Silence:
            answer = served(request)
            assert isinstance(answer, Response)
            found = re.search(rb'"first-name":"(.{16})"', answer.body) if wrong else None
            other = found and found[1][::-1]
            return replace(answer, body=answer.body.replace(found[1], other)) if found and other else answer

        link.handler = handler
        report = verify_sandbox(of, opened, Options(only=tool_contracts(of), max_requests=ENOUGH), mcp=link)
    assert (tool in ids(report, Verdict.BROKEN), tool in ids(report, Verdict.KEPT)) == (wrong, not wrong)
    assert wrong or not report.findings


@pytest.mark.parametrize(("marked", "verdict"), [(True, Verdict.ODD), (False, Verdict.BROKEN)])
def test_unknown_tool_that_is_refused_by_a_result_is_odd(marked: bool, verdict: Verdict) -> None:
    """The SDK for Python (1.x) answers so; the specification names no MUST."""
    opened, contract = inside(model()), "mcp_errors/unknown_tool@mcp"
    with mcp_inside(model(), opened, faults=["unknown-tool-as-result"]) as link:
        handler = link.handler

        def marking(request: Request) -> Response | Silence:
            answer = handler(request)
            assert isinstance(answer, Response)
            mark = b'"isError":true,"content":' if marked else b'"content":'
            body = (
                answer.body.replace(b'"content":', mark) if b'"unknown tool"' in answer.body else answer.body
            )
            return replace(answer, body=body)

        link.handler = marking
        report = verify_sandbox(model(), opened, Options(only=(contract,), max_requests=ENOUGH), mcp=link)
    assert contract in ids(report, verdict)


EVERY = fault_registry.list_names("mcp_faults")
FAULTS = [n for n in EVERY if not fault_registry.find("mcp_faults", n).needs & rows().keys()]
"""Faults that the tools of Park Graph can show; rows of tests/language.yaml show the others."""


@pytest.mark.parametrize("name", [n for n in FAULTS if fault_registry.find("mcp_faults", n).breaks][::4])
def test_fault_is_found_by_the_checks_that_it_declares(name: str) -> None:
    """One contract of each check runs alone, or all of the tools where that does not find the fault."""
    fault, whole = fault_registry.find("mcp_faults", name), tool_contracts(model())
    recorded = tuple(fault_contracts("mcp_faults").get(name, ())) or whole
    for only in dict.fromkeys((recorded, whole)):
        opened = inside(model())
        with mcp_inside(model(), opened, faults=[name]) as link:
            report = verify_sandbox(model(), opened, Options(only=only, max_requests=ENOUGH), mcp=link)
        if checks(report, Verdict.BROKEN) >= fault.breaks:
            break
    broken = checks(report, Verdict.BROKEN)
    assert broken >= fault.breaks, f"not found: {fault.breaks - broken}"
    assert broken <= fault.breaks | fault.also.keys() | following(broken), {
        f.contract.id: f.actual for f in report.findings
    }


def verify_with(names: Sequence[str], only: Sequence[str] = ()) -> Report:
    given = {"only": tuple(only)} if only else {}
    return verify_mcp(model(), faults=names, max_requests=3 * ENOUGH, **given)


@pytest.mark.matrix
@pytest.mark.parametrize("names", group_up("mcp_faults", FAULTS), ids="+".join)
def test_faults_break_what_they_declare_and_no_more(names: tuple[str, ...]) -> None:
    assert find_surprises("mcp_faults", names, verify_with) == {}


@pytest.mark.matrix
@pytest.mark.parametrize("name", fault_registry.list_names("mcp_variations"))
def test_variation_breaks_nothing_where_its_point_is_open(name: str) -> None:
    of = model(opened=fault_registry.find("mcp_variations", name).point)
    report = verify_mcp(of, variations=[name])
    assert {f.contract.id: f.actual for f in report.findings} == {}


@pytest.mark.matrix
def test_more_tools_are_found_where_the_catalogue_has_all() -> None:
    assert [f.contract.id for f in verify_mcp(model(), variations=["more-tools"]).findings] == [
        "mcp_tools/no_other@mcp"
    ]


def test_a_second_list_that_is_not_answered_accuses_no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may be busy; the first list has shown the tools."""
    wrapped, asked = of_mcp.wrap_mcp, list[Request]()

    def wrap(handler: Handler, *given: Any) -> Handler:
        inner = wrapped(handler, *given)

        def answer(request: Request) -> Response | Silence:
            if of_mcp.parse_request(request).get("method") == "tools/list":
                asked.append(request)
            return inner(request) if len(asked) < 2 else Response(503, (), b"")

        return answer

    monkeypatch.setattr(of_mcp, "wrap_mcp", wrap)
    report = verify_mcp(model(), only=("mcp_tools/",))
    assert ids(report, Verdict.BROKEN) == []
    assert "mcp_tools/order@mcp" in ids(report, Verdict.UNTESTED)
    assert "mcp_tools/listed/search_parking@mcp" in ids(report, Verdict.KEPT)


# -- opening ---------------------------------------------------------------------------------------


def talking(*answers: Any) -> Any:
    """A handler that answers in turn; a mapping is a message that gets the question's id."""
    left = list(answers)
    asked: list[Request] = []

    def handler(request: Request) -> Response | Silence:
        asked.append(request)
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, dict):
            said = {"jsonrpc": "2.0", "id": json.loads(request.body).get("id"), **answer}
            return Response(200, (("Content-Type", "application/json"),), json_bytes(said))
        return answer

    handler.asked = asked  # type: ignore[attr-defined]  # for the tests alone
    return handler


def test_a_server_of_sessions_is_greeted_and_its_session_kept() -> None:
    session = Response(200, (("Content-Type", "application/json"), ("Mcp-Session-Id", "s1")), b"")

    def handler(request: Request) -> Response | Silence:
        message = json.loads(request.body)
        if message["method"] == "initialize":
            return session.with_json(
                {
                    "jsonrpc": "2.0",
                    "id": message["id"],
                    "result": {"protocolVersion": "2025-06-18", "capabilities": {}},
                }
            )
        if "id" not in message:
            return Response(202)
        return Response(404)

    link = Link(handler, url="http://127.0.0.1:1", path="/mcp")
    assert link.open()
    assert (link.version, link.session, link.requests) == ("2025-06-18", "s1", 3)
    dressed = link.complete_request(Request("POST", "/", (), json_bytes(LIST)))
    assert (dressed.target, dressed.header("mcp-session-id"), dressed.header("mcp-protocol-version")) == (
        "/mcp",
        "s1",
        "2025-06-18",
    )
    assert "_meta" not in dressed.body.decode()


def test_every_request_of_the_newest_era_says_who_asks() -> None:
    handler = talking({"result": {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}})
    link = Link(handler, url="http://127.0.0.1:1", path="/mcp", token="t0")
    assert link.open()
    sent = handler.asked[0]
    assert json.loads(sent.body)["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
    assert (sent.header("mcp-method"), sent.header("authorization")) == ("server/discover", "Bearer t0")
    call = link.complete_request(
        Request(
            "POST", "/", (("Mcp-Method", ""),), json_bytes({"method": "tools/call", "params": {"name": "x"}})
        )
    )
    assert (call.header("mcp-method"), call.header("mcp-name")) == (None, "x")


@pytest.mark.parametrize(
    "told",
    [
        {"supportedVersions": ["2026-07-28"], "_meta": "x"},
        {"supportedVersions": ["2026-07-28"], "_meta": [1]},
        {"supportedVersions": 5},
        {"supportedVersions": [["2026-07-28"], "2026-07-28"], "serverInfo": ["n"]},
    ],
)
def test_a_description_of_any_form_ends_no_run(told: dict[str, Any]) -> None:
    link = Link(talking({"result": {**told, "capabilities": {"tools": {}}}}), url="http://127.0.0.1:1")
    assert link.open(), link.problem
    assert link.summary == "the MCP server speaks MCP 2026-07-28 over HTTP; 1 requests went to it"


def test_a_process_that_starts_slowly_is_asked_for_its_description_again() -> None:
    late = {"error": {"code": -32600, "message": "connection is serving the 2026-07-28 protocol"}}
    told = {"result": {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}}
    handler = talking(Silence("timeout", "no answer"), late, told)
    link = Link(handler)
    assert link.open(), link.problem
    assert link.version == "2026-07-28"
    assert len(handler.asked) == 3


def test_a_server_that_is_mute_is_asked_twice_and_no_more() -> None:
    handler = talking(Silence("timeout", "no answer"))
    link = Link(handler)
    assert not link.open()
    assert "did not open" in link.problem
    assert not link.open()
    assert len(handler.asked) == 2


def test_an_answer_is_found_among_other_messages() -> None:
    stream = (
        b'data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\ndata: {"jsonrpc":"2.0",\ndata: '
        b'"id":7,"result":{}}\r\n\r\n'
    )
    found = read(Response(200, (("Content-Type", "text/event-stream"),), stream), 7)
    assert isinstance(found, Response)
    assert json.loads(found.body)["id"] == 7
    assert isinstance(read(Response(200, (("Content-Type", "text/event-stream"),), stream), 8), str)
    assert list(events(b"data:a\rdata: b\r\r: no\n\n")) == [b"a\nb"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{broken",
        b'{"id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
        b"\xff",
    ],
)
def test_what_is_no_answer_is_none(body: bytes) -> None:
    assert isinstance(read(Response(200, (("Content-Type", "application/json"),), body), 1), str)


# -- results as answers ----------------------------------------------------------------------------


def told(result: Any, action: str = "search_parking", status: int = 200) -> tuple[int, Any]:
    of = model()
    found = of.action(action)
    assert found is not None
    message = {"jsonrpc": "2.0", "id": 1, **result}
    came = ToolForm(of, of.surfaces["mcp"]).answer(found, Response(status, (), json_bytes(message)))
    return came.status, json.loads(came.body) if came.body else None


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"result": {"content": [{"type": "text", "text": words}], **more}}


@pytest.mark.parametrize(
    ("result", "status", "code"),
    [
        (text('{"error":{"status":404,"code":"NOT_FOUND","request_id":"req_1"}}', isError=True), 404,
         "NOT_FOUND"),
        (text("The API said NOT_FOUND.", isError=True), 404, "NOT_FOUND"),
        (text("HTTP 409: taken", isError=True), 409, None),
        (text("That is not possible.", isError=True), 400, None),
        (text('{"error":{"code":"invalid_arguments"}}', isError=True), 400, "invalid_arguments"),
        ({"error": {"code": -32602, "message": "no"}}, 400, "as JSON-RPC error -32602"),
        ({"error": {"code": -32603, "message": "boom"}}, 500, "as JSON-RPC error -32603"),
        ({"error": {"code": -32000, "message": "CONFLICT: taken"}}, 409, "CONFLICT"),
        ({"error": "text"}, 500, "as JSON-RPC error None"),
        ({"result": []}, 500, None),
    ],
)  # fmt: skip
def test_an_error_is_read_as_the_apis_own(result: Any, status: int, code: str | None) -> None:
    found, body = told(result)
    assert found == status
    assert ((body or {}).get("error") or {}).get("code") == code


def test_a_success_is_its_data() -> None:
    assert told(text("other", structuredContent={"lots": []})) == (200, {"lots": []})
    assert told(text('{"lots":[]}')) == (200, {"lots": []})
    assert told(text("Done."), "release_hold") == (200, None)


def test_a_call_carries_what_the_tool_takes_and_what_nobody_knows() -> None:
    of = model()
    action = of.action("create_session")
    assert action is not None
    _, _, _, body = ToolForm(of, of.surfaces["mcp"]).request(
        action, {"lot_id": "l", "idempotency_key": "k", "pgv_unknown": 1}
    )
    assert json.loads(body)["params"] == {
        "name": "create_session",
        "arguments": {"lot_id": "l", "pgv_unknown": 1},
    }


# -- a process -------------------------------------------------------------------------------------


def script(*lines: str) -> list[str]:
    return [sys.executable, "-u", "-c", "\n".join(lines)]


def asked(process: Stdio, id: int = 1) -> Response | Silence:
    return process(Request("POST", "/", (), json_bytes({"jsonrpc": "2.0", "id": id, "method": "tools/list"})))


@pytest.mark.parametrize(
    ("lines", "kind", "said"),
    [
        (("import sys; sys.stderr.write('no luck'); sys.exit(3)",), "reset",
         "the process ended with 3; its stderr: no luck"),
        (("import time; time.sleep(60)",), "timeout", "no answer"),
        ((f"import sys; sys.stdout.write('x' * {MAX_LINE + 5}); sys.stdout.flush(); sys.stdin.read()",),
         "too-large", "more than"),
        (("while True: print('y')",), "protocol", "lines came"),
        (("import sys", "while True: sys.stdout.write('\\0' * 65536)"), "too-large", "more than"),
    ],
    ids=["dies", "mute", "long line", "floods", "endless line"],
)  # fmt: skip
def test_hostile_process_is_a_silence(lines: tuple[str, ...], kind: str, said: str) -> None:
    with Stdio(script(*lines), dict(os.environ), timeout_s=60 if kind != "timeout" else 0.3) as process:
        came = asked(process)
    assert isinstance(came, Silence)
    assert (came.kind, said in came.detail) == (kind, True), came


@pytest.mark.parametrize(
    ("closed", "then", "said"),
    [
        (
            0,
            "time.sleep(0.3); sys.stderr.write('no luck'); sys.exit(3)",
            "the process ended with 3; its stderr: closed no luck",
        ),
        (
            1,
            "time.sleep(0.3); sys.stderr.write('no luck'); sys.exit(3)",
            "the process ended with 3; its stderr: closed no luck",
        ),
        (0, "time.sleep(60)", "the process closed its stdin or stdout, and goes on; its stderr: closed"),
        (1, "time.sleep(60)", "the process closed its stdin or stdout, and goes on; its stderr: closed"),
    ],
)
def test_a_closed_pipe_waits_for_the_end_and_the_last_words(
    closed: int, then: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_process, "END_S", 0.5 if "60" in then else 20.0)
    lines = ("import os, sys, time", f"os.close({closed})", "sys.stderr.write('closed ')", then)
    with Stdio(script(*lines), dict(os.environ), timeout_s=20) as process:
        while not process._stderr:
            time.sleep(0.01)
        assert asked(process) == Silence("reset", said)
        monkeypatch.setattr(mcp_process, "END_S", 0.2)
        with monkeypatch.context() as once:
            once.setattr(process._child, "wait", lambda *_: pytest.fail("it is waited for again"))
            assert asked(process, 2) == Silence("reset", said)


def test_answers_are_found_among_other_lines_and_noise_is_noted() -> None:
    lines = (
        "import sys, json",
        "print('starting up')",
        "for line in sys.stdin:",
        "    id = json.loads(line)['id']",
        "    print(json.dumps({'jsonrpc': '2.0', 'method': 'notifications/message'}))",
        "    print(json.dumps({'jsonrpc': '2.0', 'id': id - 1, 'result': {}}))",
        "    print(json.dumps({'jsonrpc': '2.0', 'id': id, 'result': {'tools': []}}))",
    )
    with Stdio(script(*lines), dict(os.environ), timeout_s=20) as process:
        came = [asked(process, id) for id in (5, 9)]
    assert [json.loads(c.body)["id"] for c in came if isinstance(c, Response)] == [5, 9]
    assert "starting up" in process.noise


@pytest.mark.matrix
def test_what_a_process_starts_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    lines = (
        "import subprocess, sys, signal",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        (
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
            f"open({str(note)!r}, 'w').write(str(child.pid))"
        ),
        "print('{}')",
        "import time; time.sleep(600)",
    )
    with Stdio(script(*lines), dict(os.environ), timeout_s=0.2) as process:
        until = time.monotonic() + 60
        while not note.exists() and time.monotonic() < until:
            time.sleep(0.02)
        while not note.read_text() and time.monotonic() < until:
            time.sleep(0.02)
    pid = int(note.read_text())
    assert process._child.poll() is not None
    until = time.monotonic() + 60
    while _runs(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    """True if it runs; one that nobody waited for is over."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_command_that_is_none_is_said() -> None:
    with pytest.raises(PgagentsError, match="cannot start"):
        Stdio(["/nonexistent/server"], {})


# -- over HTTP -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b": x\n" * 2_000_000, "too-large"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n",
            "protocol reset",
        ),
        (b"no http at all\r\n\r\n", "protocol reset"),
    ],
    ids=["endless", "nothing in it", "no http"],
)
def test_hostile_stream_is_bounded(sent: bytes, kind: str) -> None:
    with hostile(lambda c: c.sendall(sent)) as url, StreamClient(url, timeout_s=60) as client:
        link = Link(client, url=url)
        came = link.ask(LIST)
    assert isinstance(came, Silence)
    assert came.kind in kind.split()


def test_a_stream_that_stays_open_is_left_when_its_answer_has_come() -> None:
    left = threading.Event()

    def talk(connection: Any) -> None:
        data = b'data: {"jsonrpc":"2.0","id":1,"result":{"tools":[]}}\n\n'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + data)
        left.wait(600)

    with hostile(talk) as url, StreamClient(url, timeout_s=15) as client:
        came = Link(client, url=url).ask(LIST)
        left.set()
    assert isinstance(came, Response)
    assert json.loads(came.body)["result"] == {"tools": []}


def test_a_dead_server_leaves_the_api_judged() -> None:
    of = model(NOTES)
    opened = inside(of)
    link = Link(talking(Silence("timeout", "no answer")))
    report = verify_sandbox(of, opened, Options(allow=list_writes(of)), mcp=link)
    assert [f.contract.id for f in report.findings] == ["mcp_transport/opens@mcp"]
    assert len(ids(report, Verdict.KEPT)) > 100
    untested = {
        r.reason
        for r in report.results
        if r.verdict is Verdict.UNTESTED and not (r.excused and r.contract.id.startswith(TOO_SMALL))
    }
    assert untested
    assert all("did not open" in reason for reason in untested), untested
    assert report.footer.complete


def test_a_server_that_dies_half_way_is_one_finding_and_the_rest_untested() -> None:
    of = model(NOTES)
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        alive, left = link.handler, [40]

        def dying(request: Request) -> Response | Silence:
            left[0] -= 1
            return alive(request) if left[0] > 0 else Silence("reset", "the process ended with 9")

        link.handler = dying
        report = verify_sandbox(of, opened, Options(), mcp=link)
    assert {f.contract.check for f in report.findings} == {"no_crashes"}
    assert report.footer.left_behind == ()
    assert any("stopped answering" in r.reason for r in report.results if r.verdict is Verdict.UNTESTED)


@pytest.mark.parametrize(("url", "asked"), [("", 1), ("http://127.0.0.1:1/mcp", 2)])
def test_only_the_call_at_which_a_process_ends_is_blamed(url: str, asked: int) -> None:
    """A process does not come back, so nothing more is sent to it. A connection may be cut by chance."""
    link = Link(talking(Silence("reset", "the process ended with 9")), url=url)
    sent = 0
    while not link.problem:
        sent += 1
        link.ask({"method": "tools/list"})
    assert sent == asked
    assert "stopped answering" in link.problem


# -- keys and the command line ---------------------------------------------------------------------


def test_no_key_of_the_api_goes_to_an_mcp_server() -> None:
    of = model()
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        real, seen = link.handler, []

        def heard(request: Request) -> Response | Silence:
            seen.append(request)
            return real(request)

        link.handler = heard
        verify_sandbox(of, opened, Options(max_requests=120), mcp=link)
    assert seen
    told = [str((r.headers, r.body)) for r in seen]
    assert not [key for key in opened.keys.values() if any(key in one for one in told)]


@pytest.mark.parametrize(
    ("status", "told", "verdict"),
    [
        (
            401,
            'Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"',
            Verdict.KEPT,
        ),
        (401, "Bearer", Verdict.BROKEN),
        (401, 'Bearer realm="tools", error="invalid_token"', Verdict.NOT_APPLICABLE),
        (
            403,
            'Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"',
            Verdict.BROKEN,
        ),
        (200, "", Verdict.BROKEN),
    ],
)
def test_a_server_that_asks_for_a_token_says_where_to_get_one(
    status: int, told: str, verdict: Verdict
) -> None:
    of = model()
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        real = link.handler

        def signed_in(request: Request) -> Response | Silence:
            if request.header("authorization") == "Bearer tok_00000000" or status == 200:
                return real(request.with_header("Authorization", None))
            return Response(status, (("WWW-Authenticate", told),))

        asking = Link(signed_in, url=link.url, path=link.path, token="tok_00000000")
        report = verify_sandbox(of, opened, Options(only=("mcp_transport/",), max_requests=60), mcp=asking)
    verdicts = {r.contract.id: r.verdict for r in report.results}
    assert verdicts["mcp_transport/sign_in@mcp"] is verdict
    assert verdicts["mcp_transport/origin@mcp"] is Verdict.NOT_APPLICABLE
    assert verdicts["mcp_transport/opens@mcp"] is Verdict.KEPT


@pytest.mark.parametrize(
    "options",
    [{"profile": "smoke"}, *rarely([{"shard": (number, 3)} for number in (1, 2, 3)])],
    ids=str,
)
def test_a_part_of_a_run_finds_nothing_either(options: dict[str, Any]) -> None:
    of = model()
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        report = verify_sandbox(of, opened, Options(**options), mcp=link)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert of_tools(report, Verdict.UNTESTED) == []
    assert of_tools(report, Verdict.KEPT)


def test_a_process_gets_the_main_key_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server is somebody else's program: it gets what each MCP client gives, and what its user names."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    given = {
        "PATH": "/bin",
        "PGAGENTS_TOKEN": "a",
        "PGAGENTS_TOKEN_SECOND": "b",
        "PARKGRAPH_API_KEY": "mine",
        "AWS_SECRET_ACCESS_KEY": "c",
        "HTTPS_PROXY": "d",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    url = "https://api.example.com"
    made = {"PARKGRAPH_API_KEY": "a", "PARKGRAPH_API_URL": url, RUN_KEY: "a", RUN_URL: url}
    for passed in ((), ("HTTPS_PROXY",)):
        found = environment(model(), inherit(passed), {"main": "a", "second": "b"}, url)
        assert found == {"PATH": "/bin", **made, **{name: given[name] for name in passed}}


TELLING = """
import json, os, sys
print("started with", dict(os.environ), file=sys.stderr)
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    known = json.dumps(dict(os.environ))
    hints = {"readOnlyHint": True}
    schema = {"type": "object", "properties": {}}
    tool = {"name": "tell", "description": f"Tells {known}", "annotations": hints, "inputSchema": schema}
    told = {"tools/list": {"tools": [tool]}, "tools/call": {"content": [{"type": "text", "text": known}]}}
    info = {"name": "t", "version": "1"}
    usual = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
    result = told.get(asked["method"], usual)
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""
"""A server that tells its whole environment."""


@pytest.mark.parametrize(
    "words", [["verify"], ["lint"], ["import", "--out", "-"]], ids=lambda words: words[0]
)
def test_a_server_that_tells_its_environment_tells_no_secret(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(TELLING, encoding="utf-8")
    command = f"{sys.executable} server.py"
    flag = "--mcp" if words[0] == "import" else "--mcp-stdio"
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENG",
        "OTHER_API_TOKEN": "tok-91f3c7a2b5d8e6",
        "PGAGENTS_TOKEN": "k-44bb01c9d2",
    }
    passed = ["--pass-env", "OTHER_API_TOKEN"] if words[0] == "verify" else []
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pgagents",
            *words,
            flag,
            command,
            *passed,
            *(["--report", "r.json"] if passed else []),
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **secrets},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1, 3), done.stderr
    written = (
        done.stdout + done.stderr + "".join(p.read_text(encoding="utf-8") for p in tmp_path.glob("r.json"))
    )
    assert "tell" in written
    for secret in secrets.values():
        assert secret not in written


def test_a_variable_that_is_not_there_cannot_be_passed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pgagents", "verify", "--mcp-stdio", "x", "--pass-env", "NO_SUCH_NAME"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "the environment has no variable 'NO_SUCH_NAME'" in done.stderr


@contextmanager
def live() -> Iterator[tuple[str, dict[str, str]]]:
    """A sandbox on a socket, and an environment with its key."""
    opened = inside(model())
    with served(opened.sandbox.handler) as url:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PARKGRAPH_", "PGAGENTS_"))}
        yield url, {**kept, "PGAGENTS_TOKEN": opened.keys["main"]}


@pytest.mark.matrix
@pytest.mark.parametrize("only", ["mcp_tools", "mcp_"])
def test_command_line_verifies_a_process(only: str, tmp_path: Path) -> None:
    server = f"{sys.executable} -c 'from pgagents.cli.main import run; run()' mcp {PARK_GRAPH}"
    words = ["--mcp-stdio", server, "--only", only, "--report", str(tmp_path / "r.json")]
    with live() as (url, env):
        done = subprocess.run(
            [*COMMAND, "verify", str(PARK_GRAPH), "--url", url, *words],
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
            cwd=ROOT,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "speaks MCP 2026-07-28 over stdio" in done.stdout
    told = json.loads((tmp_path / "r.json").read_text())
    assert {r["verdict"] for r in told["results"] if r["contract"].startswith("mcp_tools/")} == {"kept"}
    assert env["PGAGENTS_TOKEN"] not in done.stdout + done.stderr


@pytest.mark.matrix
def test_command_line_shows_what_a_dying_server_said_without_the_key() -> None:
    server = "sh -c 'echo \"bad key $PARKGRAPH_API_KEY\" >&2; exit 4'"
    with live() as (url, env):
        done = subprocess.run(
            [
                *COMMAND,
                "verify",
                str(PARK_GRAPH),
                "--url",
                url,
                "--mcp-stdio",
                server,
                "--only",
                "mcp_transport",
            ],
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
            cwd=ROOT,
        )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ended with 4" in done.stdout
    assert "bad key" in done.stdout
    assert env["PGAGENTS_TOKEN"] not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--mcp-url", "http://127.0.0.1:1/mcp", "--mcp-stdio", "x"], "name one server"),
        (["--mcp-stdio", "x", "--discovery"], "--discovery calls no MCP server"),
        (["--mcp-stdio", ""], "--mcp-stdio is empty"),
        (["--mcp-stdio", "'open"], "quote it as a shell does"),
        (["--mcp-url", "ftp://x"], "not an http or https URL"),
        (["--mcp-stdio", "/nonexistent/server"], "cannot start /nonexistent/server"),
    ],
)
def test_wrong_calls_say_what_is_wrong(
    flags: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["verify", str(PARK_GRAPH), "--url", "http://127.0.0.1:1", *flags]
    monkeypatch.setenv("PGAGENTS_TOKEN", "pk_test_0000")
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_a_token_does_not_travel_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "verify",
        str(PARK_GRAPH),
        "--url",
        "http://127.0.0.1:1",
        "--mcp-url",
        "http://mcp.example.com/mcp",
    ]
    monkeypatch.setenv("PGAGENTS_TOKEN", "pk_test_0000")
    monkeypatch.setenv("PGAGENTS_MCP_TOKEN", "tok_00000000")
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "has no TLS" in said
    assert "tok_00000000" not in said


def test_a_finding_about_a_process_is_shown_as_a_line_to_it() -> None:
    from pgagents.report.curl import curl

    exchange = RecordedExchange(
        1,
        Request("POST", "/", (), b'{"method":"tools/list"}'),
        Silence("reset"),
        0.1,
        "",
        "main",
        "",
        "mcp",
        "stdio:shop-mcp -v",
    )
    assert (
        curl(exchange, "https://api.example.com")
        == """printf '%s\\n' '{"method":"tools/list"}' | shop-mcp -v"""
    )


def test_a_catalogue_without_tools_has_no_contracts_of_them() -> None:
    of = model(SHOP)
    assert "mcp" not in of.surfaces
    assert tool_contracts(of) == ()
    link = Link(lambda _: Silence("refused"), url="http://127.0.0.1:1")
    assert [
        c
        for c in plan(of, Options(), Identities(), url="http://127.0.0.1:1", mcp=link).selected
        if c.surface == "mcp"
    ] == []


def test_contract_that_its_own_requests_show_needs_no_other_ones() -> None:
    alone = verify_mcp(model(PARK_GRAPH), only=("mcp_transport/opens@mcp",), max_requests=None)
    assert ids(alone, Verdict.KEPT) == ["mcp_transport/opens@mcp"]
    assert alone.footer.requests < 10
