"""A server of tools may choose how it says where to sign in, and whether it requires its sessions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inprocess import inside, mcp_inside, verify_sandbox
from pgagents.base.http import Request, Response, Silence, json_bytes, read_json
from pgagents.report.contract import Verdict
from pgagents.verify.checks.mcp.mcp_transport import METADATA
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.mcp_link import Link
from verifying import ids, model


@pytest.mark.parametrize("told", ["Bearer", 'Bearer realm="tools"'])
@pytest.mark.parametrize("path", [f"{METADATA}/mcp", METADATA])
def test_a_server_may_say_at_a_well_known_address_where_to_get_a_token(told: str, path: str) -> None:
    of = model()
    opened = inside(of)
    described: list[Request] = []
    with mcp_inside(of, opened) as link:
        real = link.handler

        def signed_in(request: Request) -> Response | Silence:
            if request.method == "GET" and request.path == path:
                described.append(request)
                return Response(200, (), b'{"authorization_servers": ["https://id.example.com"]}')
            if request.header("authorization") == "Bearer tok_00000000":
                return real(request.with_header("Authorization", None))
            return Response(401, (("WWW-Authenticate", told),))

        asking = Link(signed_in, url=link.url, path=link.path, token="tok_00000000")
        report = verify_sandbox(of, opened, Options(only=("mcp_transport/sign_in",)), mcp=asking)
    assert ids(report, Verdict.KEPT) == ["mcp_transport/sign_in@mcp"]
    assert [request.header("authorization") for request in described] == [None]


PARSE_ERROR = b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "Parse error"}}'


def run_sessions(
    answer: Callable[[Request], Response | Silence | None], check: str = "mcp_transport"
) -> tuple[dict[str, Verdict], list[Request]]:
    """Verify a check of a server with sessions; `answer` may answer a message within one."""
    seen: list[Request] = []

    def handler(request: Request) -> Response | Silence:
        seen.append(request)
        if special := answer(request):
            return special
        message = read_json(request.body).value
        if not isinstance(message, dict):
            return Response(400)
        if "id" not in message:
            return Response(202)
        opening = message["method"] == "initialize"
        if not opening and message["method"] != "tools/list":
            return Response(404)
        result = (
            {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "n"}}
            if opening
            else {"tools": []}
        )
        body = json_bytes({"jsonrpc": "2.0", "id": message["id"], "result": result})
        headers = (("Content-Type", "application/json"), *((("Mcp-Session-Id", "s1"),) if opening else ()))
        return Response(200, headers, body)

    of = model()
    link = Link(handler, url="http://127.0.0.1:1", path="/mcp")
    report = verify_sandbox(of, inside(of), Options(only=(f"{check}/",)), mcp=link)
    return {r.contract.id: r.verdict for r in report.results if r.contract.check == check}, seen


def test_a_server_need_not_require_its_sessions() -> None:
    verdicts, _ = run_sessions(lambda _: None)
    assert verdicts["mcp_transport/no_session@mcp"] is Verdict.NOT_APPLICABLE
    assert verdicts["mcp_transport/other_session@mcp"] is Verdict.NOT_APPLICABLE


def test_a_server_that_requires_a_session_tells_an_unknown_one() -> None:
    def refuse(request: Request) -> Response | None:
        without = b'"tools/list"' in request.body and not request.header("Mcp-Session-Id")
        return Response(400) if without else None

    assert run_sessions(refuse)[0]["mcp_transport/other_session@mcp"] is Verdict.BROKEN


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_too_busy_is_not_judged(status: int) -> None:
    """Whoever sends wrong requests is slowed down."""

    def put_off(request: Request) -> Response | None:
        unread = read_json(request.body).problem
        listing = in_session(request) and b'"tools/list"' in request.body and not request.header("Origin")
        opening = b'"method":"initialize"' in request.body or b"notifications/" in request.body
        return None if not unread and (listing or opening) else Response(status)

    judged, _ = run_sessions(put_off)
    wrong = ("origin", "no_session", "other_session", "malformed")
    assert {judged[f"mcp_transport/{name}@mcp"] for name in wrong} == {Verdict.UNTESTED}
    judged, _ = run_sessions(lambda _: Response(status))
    assert judged["mcp_transport/opens@mcp"] is Verdict.UNTESTED


@pytest.mark.parametrize("told", [Response(429), Response(503), Silence("timeout", "10 s")])
@pytest.mark.parametrize("check", ["mcp_errors", "mcp_tools"])
def test_a_question_that_was_put_off_lists_no_tool_and_refuses_none(
    check: str, told: Response | Silence
) -> None:
    def put_off(request: Request) -> Response | Silence | None:
        asked = b'"tools/list"' in request.body if check == "mcp_tools" else b"pgv" in request.body
        return told if asked else None

    judged, _ = run_sessions(put_off, check)
    assert judged
    assert set(judged.values()) == {Verdict.UNTESTED}, judged


@pytest.mark.parametrize(("status", "verdict"), [(400, Verdict.KEPT), (500, Verdict.BROKEN)])
def test_a_server_that_requires_its_sessions_refuses_a_call_without_one(
    status: int, verdict: Verdict
) -> None:
    def refuse(request: Request) -> Response | None:
        return Response(status) if b'"tools/list"' in request.body and not in_session(request) else None

    assert run_sessions(refuse)[0]["mcp_transport/no_session@mcp"] is verdict


@pytest.mark.parametrize(("status", "body"), [(200, PARSE_ERROR), (422, b"")])
def test_a_server_chooses_how_it_refuses_what_is_no_json(status: int, body: bytes) -> None:
    def refuse(request: Request) -> Response | None:
        kind = (("Content-Type", "application/json"),)
        return Response(status, kind, body) if read_json(request.body).problem else None

    assert run_sessions(refuse)[0]["mcp_transport/malformed@mcp"] is Verdict.KEPT


def test_a_page_of_another_site_was_refused_with_any_status_before_2025_11_25() -> None:
    def refuse(request: Request) -> Response | None:
        return Response(400) if request.header("Origin") else None

    assert run_sessions(refuse)[0]["mcp_transport/origin@mcp"] is Verdict.KEPT


def test_a_malformed_body_is_sent_within_the_session() -> None:
    def crash(request: Request) -> Response | None:
        if read_json(request.body).problem:
            return Response(500 if in_session(request) else 400)
        return None

    assert run_sessions(crash)[0]["mcp_transport/malformed@mcp"] is Verdict.BROKEN


def in_session(request: Request) -> bool:
    return request.header("Mcp-Session-Id") == "s1" and bool(request.header("MCP-Protocol-Version"))
