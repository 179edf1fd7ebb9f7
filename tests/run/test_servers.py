"""Calls of an action with a server of its own go there, with the key, and nowhere else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inprocess import inside, over_tls, verify_sandbox
from language_table import model_of, rows
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.client.client import Client as ApiClient
from pgagents.client.send import Sender
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run import run as runner
from pgagents.verify.wire.send import Client
from verifying import ids

OWN = "https://127.0.0.1:2"


def notes() -> Model:
    return model_of("servers")


def _verify(model: Model, servers: dict[str, str], seen: list[Request]) -> Report:
    """Verify a mock of which one server has `POST /notes` alone, and the other one all else."""
    opened = inside(model)
    served = over_tls(opened.sandbox.handler)

    def split(request: Request) -> Response | Silence:
        seen.append(request)
        made = request.method == "POST" and request.path == "/notes"
        if made != (request.server == OWN) and request.path == "/notes" and request.method != "GET":
            probe = replace(request, method="TRACE", server="")
            return served(probe).with_header("Allow", "POST" if request.server else "GET")  # type: ignore[union-attr]
        return served(replace(request, server=""))

    return runner.verify(
        model,
        split,
        Identities(opened.keys, servers=servers),
        Options(allow_writes=True, live=False),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="https://127.0.0.1:1",
        timer=opened.timer,
    )


def test_verify_calls_each_action_at_its_own_server() -> None:
    seen: list[Request] = []
    report = _verify(notes(), {"files": OWN}, seen)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert {(r.method, r.path) for r in seen if r.server} >= {("POST", "/notes")}
    kept = {r.contract.id for r in report.results if r.verdict is Verdict.KEPT}
    assert "key_authentication/none/create_note@rest" in kept


def test_action_of_a_server_without_an_address_is_untested_and_never_called() -> None:
    seen: list[Request] = []
    report = _verify(notes(), {}, seen)
    untested = {r.contract.id: r.reason for r in report.results if r.verdict is Verdict.UNTESTED}
    assert "add --server files=URL" in untested["valid_calls/example/milk/create_note@rest"]
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert [r for r in seen if r.method == "POST" and r.path == "/notes" and r.header("Authorization")] == []


def test_curl_of_a_finding_names_the_server_that_was_called() -> None:
    from pgagents.report.curl import of_finding

    opened = inside(notes(), faults=["second-server-open"])
    report = verify_sandbox(notes(), opened, Options(allow_writes=True))
    found = [f for f in report.findings if f.contract.id.endswith("create_note@rest")]
    assert OWN in of_finding(found[0], "https://127.0.0.1:1")


@dataclass
class Listening:
    """A server of one answer, and the requests that came to it."""

    url: str = ""
    came: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Listening]:
    found = Listening()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {k.lower(): v for k, v in self.headers.items()}
            found.came.append((self.command, self.path, headers))
            self.rfile.read(int(headers.get("content-length", "0")))
            body = b'{"id": "n-1", "text": "Buy milk"}'
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    found.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def test_sender_of_verify_takes_only_servers_that_it_was_given() -> None:
    with listening() as home, listening() as files, listening() as foreign:
        with Client(home.url, headers={"X-Gateway": "blue"}, servers=[f"{files.url}/in"]) as client:
            answer = client(
                Request("POST", "/notes", (("Authorization", "Bearer a"),), b"{}", f"{files.url}/in")
            )
            refused = client(Request("POST", "/notes", (), b"{}", foreign.url))
        assert isinstance(answer, Response)
        assert isinstance(refused, Silence)
        assert [(m, p) for m, p, _ in files.came] == [("POST", "/in/notes")]
        assert "x-gateway" not in files.came[0][2]
        assert home.came == foreign.came == []


def test_client_calls_the_other_server_or_refuses() -> None:
    async def call(servers: dict[str, str], home: str) -> tuple[int | None, str]:
        sender = Sender(home, headers={"X-Gateway": "blue"})
        client = ApiClient(notes(), sender, "test_a", reach=sender.make_other, servers=servers)
        answer = await client.call("create_note", {"text": "Buy milk"}, confirmed=True)
        await sender.close()
        return answer.status, answer.problem.message if answer.problem is not None else ""

    with listening() as home, listening() as files:
        status, _ = asyncio.run(call({"files": files.url}, home.url))
        assert status == 201
        assert files.came[0][2]["authorization"] == "Bearer test_a"
        assert "x-gateway" not in files.came[0][2]
        status, why = asyncio.run(call({}, home.url))
        assert status is None
        assert "give --server files=URL" in why
        assert home.came == []


@pytest.mark.parametrize(
    ("url", "given", "found"),
    [
        ("https://eu.notes.example", {}, {"files": "https://files-eu.notes.example/in"}),
        ("https://us.notes.example/", {}, {"files": "https://files-us.notes.example/in"}),
        ("https://asia.notes.example", {}, {}),
        ("https://eu.notes.example.evil.test", {}, {}),
        ("http://127.0.0.1:8000", {}, {}),
        ("http://127.0.0.1:8000", {"files": "http://127.0.0.1:9/in/"}, {"files": "http://127.0.0.1:9/in"}),
    ],
)
def test_catalogues_address_counts_only_beside_its_own_server(
    url: str, given: dict[str, str], found: dict[str, str]
) -> None:
    assert notes().find_addresses(url, given) == found


def test_command_names_unknown_servers_and_silent_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "test_a")
    Path("notes.yaml").write_text(rows()["servers"].text(), encoding="utf-8")
    words = ["verify", "notes.yaml", "--url", "http://127.0.0.1:9"]
    assert main([*words, "--server", "file=http://127.0.0.1:8"]) == 2
    assert "--server file: the catalogue has no such server" in capsys.readouterr().err
    assert main([*words, "--server", "files=nowhere"]) == 2
    assert "--server files" in capsys.readouterr().err
    Path("env.yaml").write_text(
        "url: http://127.0.0.1:9\nservers: {media: http://127.0.0.1:8}\n", encoding="utf-8"
    )
    assert main(["verify", "notes.yaml", "--env", "env.yaml"]) == 2
    assert "the catalogue has no server `media`" in capsys.readouterr().err
