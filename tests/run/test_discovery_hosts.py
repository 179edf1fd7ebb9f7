"""Hosts that compress what they serve, or send http to https, are as good as any other."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from inprocess import inside
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import DISCOVERY, Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.wire.send import client
from verifying import ROOT, checks, ids, model

LATER = ROOT / "tests" / "catalogues" / "later.yaml"
HTTP = "http://agents.later-host.example"
CARD = "/mcp/server-card"
Edit = Callable[[Request, Response], Response]


def _serve(edit: Edit) -> Handler:
    handler = inside(model(LATER)).sandbox.handler

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        return edit(request, found) if isinstance(found, Response) else found

    return answer


def _discover(handler: Handler, url: str) -> Report:
    options = Options(live=False, only=DISCOVERY, only_said="--discovery", keyless=True)
    return verify(
        model(LATER),
        handler,
        Identities(),
        options,
        clock=time.time,
        sleep=lambda _: None,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=url,
        timer=time.perf_counter,
    )


def _told(report: Report) -> dict[str, str]:
    return {f.contract.id: f.actual for f in report.findings}


# -- gzip


def _compress(request: Request, answer: Response) -> Response:
    """Compress a body as usual servers do: the tag becomes weak, and HEAD has the same headers."""
    if answer.status != 200:
        return answer
    tag = answer.header("ETag")
    packed = answer.with_header("Content-Encoding", "gzip").with_header("Vary", "Accept-Encoding")
    packed = packed.with_header("ETag", f"W/{tag}") if tag and not tag.startswith("W/") else packed
    return replace(packed, body=gzip.compress(answer.body) if request.method != "HEAD" else b"")


def _with_plain_tags(handler: Handler) -> Handler:
    """Take the mark of weakness off the tags that a caller sends back."""

    def answer(request: Request) -> Response | Silence:
        kept = [(k, v.removeprefix("W/") if k.lower() == "if-none-match" else v) for k, v in request.headers]
        return handler(replace(request, headers=tuple(kept)))

    return answer


@contextmanager
def _listen(handler: Handler) -> Iterator[str]:
    """Serve a handler at the loopback address."""

    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            found = handler(Request(self.command, self.path, tuple(self.headers.items()), b""))
            assert isinstance(found, Response)
            self.send_response_only(found.status)
            for name, value in found.headers:
                if name.lower() != "content-length":
                    self.send_header(name, value)
            if found.status != 304:
                self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body if self.command != "HEAD" else b"")

        do_GET = do_HEAD = do_POST = _answer  # the names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@pytest.mark.matrix
def test_documents_that_come_compressed_are_kept() -> None:
    packed: list[str] = []

    def edit(request: Request, answer: Response) -> Response:
        found = _compress(request, answer)
        packed.extend([request.path] if found.header("Content-Encoding") else [])
        return found

    with _listen(_with_plain_tags(_serve(edit))) as url:
        report = _discover(client(url), url)
    assert _told(report) == {}
    assert report.exit_code == 0
    assert {str(path) for path in model(LATER).api.hosted.values()} <= set(packed)


@pytest.mark.matrix
def test_compressed_document_that_is_another_is_found() -> None:
    def edit(request: Request, answer: Response) -> Response:
        other = answer.body.replace(b"2.0.0", b"1.9.0") if request.path == CARD else answer.body
        return _compress(request, replace(answer, body=other))

    with _listen(_with_plain_tags(_serve(edit))) as url:
        report = _discover(client(url), url)
    assert ids(report, Verdict.BROKEN) == ["hosted_document/mcp/server-card.json@rest"]


# -- http to https


def _send_to(host: str, path: str | None = None) -> Edit:
    """Redirect every document to https at a host."""
    hosted = {str(one) for one in model(LATER).api.hosted.values()}

    def edit(request: Request, answer: Response) -> Response:
        if request.path not in (hosted if path is None else {path}):
            return answer
        return Response(301, (("Location", f"https://{host}{request.path}"),))

    return edit


@pytest.mark.parametrize("at", ["agents.later-host.example", "agents.later-host.example:8443"])
def test_what_a_host_sends_to_https_is_not_selected(at: str) -> None:
    report = _discover(_serve(_send_to(at)), HTTP)
    assert _told(report) == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert report.exit_code == 0
    reason = f"the host sends http to https: give --url https://{at}"
    left = {r.contract.check for r in report.results if r.reason == reason}
    assert left == {"hosted_document", "discovery_headers", "advertised_links"}


def test_one_document_at_https_leaves_the_others_to_be_tried() -> None:
    report = _discover(_serve(_send_to("agents.later-host.example", CARD)), HTTP)
    assert _told(report) == {}
    assert "hosted_document/mcp/server-card.json@rest" in ids(report, Verdict.NOT_SELECTED)
    assert "hosted_document/web/llms.txt@rest" in ids(report, Verdict.KEPT)


def test_document_that_is_sent_to_another_host_was_seen_by_nobody() -> None:
    report = _discover(_serve(_send_to("elsewhere.example")), HTTP)
    assert "hosted_document" not in checks(report, Verdict.BROKEN)
    assert "hosted_document" in checks(report, Verdict.UNTESTED)


def test_https_that_sends_on_to_https_forever_is_found() -> None:
    url = HTTP.replace("http:", "https:")
    report = _discover(_serve(_send_to("agents.later-host.example")), url)
    assert "hosted_document" in checks(report, Verdict.BROKEN)
