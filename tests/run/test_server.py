"""The sandbox on real sockets: its process, its ready file, its limits, its end."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from lengths import share
from pgagents.cli.main import main
from pgagents.sandbox.fault_registry import describe_all
from sandboxes import ROOT, VAIL, model
from starting import wait_for_ready

# a test run under nohup hands down that it is ignored
HEEDING = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)"
COMMAND = [sys.executable, "-c", f"{HEEDING}; from pgagents.cli.main import run; run()", "sandbox"]
CATALOGUE = str(ROOT / "catalogue" / "park_graph.yaml")


@contextmanager
def sandbox(
    folder: Path, *words: str, catalogue: str = CATALOGUE
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A sandbox in a process of its own, and what it wrote into its ready file."""
    ready = folder / "ready.json"
    child = subprocess.Popen(
        [*COMMAND, catalogue, "--port", "0", "--ready", str(ready), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield child, wait_for_ready(ready, child)
    finally:
        if child.poll() is None:
            child.terminate()
        child.wait(600)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as (_, facts):
        yield facts


@pytest.fixture
def client(running: dict[str, Any]) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=running["url"],
        headers={"Authorization": f"Bearer {running['keys']['unlimited']}"},
        timeout=600,
    ) as found:
        yield found


def test_ready_file_has_what_scripts_need_and_is_for_one_user(tmp_path: Path) -> None:
    with sandbox(tmp_path) as (_, facts):
        hosts = {"url", "plain_url", "ca_file", "clock_url"}
        assert set(facts) == hosts | {"stripe_secret", "keys", "oauth"}
        assert set(facts["keys"]) == {
            "test",
            "unlimited",
            "second",
            "starter",
            "fleet",
            "live",
            "revoked",
            "copilot",
            "operator",
        }
        assert facts["keys"]["live"].startswith("pk_live_")
        assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
        operator = {"Authorization": f"Bearer {facts['keys']['operator']}"}
        before = time.time()
        now = httpx.post(facts["clock_url"], json={"advance_s": 7200}, headers=operator).json()["now"]
        assert now > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before + 7199))


@pytest.mark.parametrize("number", share([signal.SIGTERM, signal.SIGINT, signal.SIGHUP], 3))
def test_ready_file_is_there_only_while_it_listens(tmp_path: Path, number: signal.Signals) -> None:
    with sandbox(tmp_path) as (child, _):
        child.send_signal(number)
        out, _ = child.communicate(timeout=600)
        assert not (tmp_path / "ready.json").exists()
        assert "Traceback" not in out


def test_ready_file_of_another_sandbox_outlives_the_end_of_this_one(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with sandbox(tmp_path) as (child, _):
        ready.write_text('{"of": "another"}')
        child.terminate()
        child.wait(600)
        assert ready.read_text() == '{"of": "another"}'


def test_ready_file_of_an_earlier_run_is_gone_where_the_port_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text('{"keys": {"unlimited": "of yesterday"}}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["sandbox", CATALOGUE, "--port", str(taken.getsockname()[1]), "--ready", str(ready)]) == 2
    assert capsys.readouterr().err.count("error:") == 1
    assert not ready.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_it_cleanly_though_connections_are_open(tmp_path: Path, number: signal.Signals) -> None:
    with sandbox(tmp_path) as (child, facts), httpx.Client(base_url=facts["url"]) as client:
        assert client.get("/api/v1/health").status_code == 200
        child.send_signal(number)
        out, _ = child.communicate(timeout=600)
        assert "Traceback" not in out
        assert facts["keys"]["unlimited"] in out
        assert child.returncode in (0, 128 + number, -number)


def test_signal_stops_it_though_uploads_are_half_done(tmp_path: Path) -> None:
    with sandbox(tmp_path) as (child, facts):
        host, port = facts["url"].removeprefix("http://").split(":")
        with (
            socket.create_connection((host, int(port))) as upload,
            socket.create_connection((host, int(port))) as head,
        ):
            upload.sendall(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
            head.sendall(b"GET /api")
            time.sleep(0.2)
            child.send_signal(signal.SIGINT)
            out, _ = child.communicate(timeout=600)
        assert "Traceback" not in out
        assert "Error" not in out


def test_dropped_connection_is_dropped_on_the_wire(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--fault", "connection-dropped") as (_, facts):
        headers = {"Authorization": f"Bearer {facts['keys']['unlimited']}"}
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(facts["url"] + "/api/v1/lots/search?lat=91&lng=0", headers=headers)
        assert httpx.get(facts["url"] + VAIL, headers=headers).status_code == 200


def test_search_and_session_over_the_wire(client: httpx.Client) -> None:
    found = client.get(VAIL)
    assert found.headers["content-type"] == "application/json"
    assert found.json()["lots"][0]["name"] == "Vail Village Lifthouse Lot"
    made = client.post("/api/v1/sessions", json={"lot_id": "lot_lionshead", "plate": "co-1"})
    assert made.status_code == 201
    assert client.get(f"/api/v1/sessions/{made.json()['session']['id']}").json()["session"]["plate"] == "CO-1"


@pytest.mark.parametrize("size", [1_048_577, 6_000_000])
def test_large_body_is_refused_and_the_refusal_arrives(client: httpx.Client, size: int) -> None:
    answer = client.post(
        "/api/v1/sessions", content=b" " * size, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"

    def parts() -> Iterator[bytes]:
        for _ in range(0, size, 65_536):
            yield b" " * 65_536

    chunked = client.post("/api/v1/sessions", content=parts(), headers={"Content-Type": "application/json"})
    assert chunked.status_code == 413
    assert client.get("/api/v1/health").status_code == 200


def test_refusal_of_a_large_body_comes_before_the_body(running: dict[str, Any]) -> None:
    """The head alone announces two gigabytes; nothing of them is ever sent."""
    host, port = running["url"].removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=600) as connection:
        head = (
            "POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
            f"{running['keys']['unlimited']}\r\n"
        )
        connection.sendall(
            f"{head}Content-Type: application/json\r\nContent-Length: 2000000000\r\n\r\n".encode()
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_odd_bytes_on_the_wire_leave_it_standing(running: dict[str, Any], client: httpx.Client) -> None:
    host, port = running["url"].removeprefix("http://").split(":")
    key = running["keys"]["unlimited"]
    for raw in (
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
        f"GET /api/v1/lots/%ff%00/rates HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode(),
        f"GET /api/v1/lots/search?lat=\xff HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode(
            "latin-1"
        ),
        (
            f"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: "
            f"50\r\n\r\n{{"
        ).encode(),
    ):
        with socket.create_connection((host, int(port)), timeout=600) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
            assert b" 500 " not in answer.split(b"\r\n")[0]
    assert client.get(VAIL).status_code == 200


def test_hosted_documents_are_what_build_writes(client: httpx.Client, tmp_path: Path) -> None:
    assert main(["build", CATALOGUE, "--out", str(tmp_path / "out")]) in (0, 1)
    for file, path in model("park_graph").api.hosted.items():
        assert client.get(path).content == (tmp_path / "out" / file).read_bytes()


def test_fault_and_variation_are_served(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--fault", "search-unsorted", "--variation", "header-case") as (_, facts):
        answer = httpx.get(
            facts["url"] + VAIL, headers={"Authorization": f"Bearer {facts['keys']['unlimited']}"}
        )
        distances = [lot["distance_km"] for lot in answer.json()["lots"]]
        assert distances == sorted(distances, reverse=True)


def test_another_catalogue_is_served_by_the_mock(tmp_path: Path) -> None:
    with sandbox(tmp_path, catalogue=str(ROOT / "tests" / "catalogues" / "shop.yaml")) as (_, facts):
        answer = httpx.get(
            facts["url"] + "/products", headers={"Authorization": f"Bearer {facts['keys']['unlimited']}"}
        )
        assert answer.json()["products"][0]["name"] == "Red kettle"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fault", "search-unsortet"], "did you mean `search-unsorted`?"),
        (["--variation", "nonsense"], "there is no variation 'nonsense'"),
        (["--clock", "yesterday"], "--clock yesterday is not a time"),
        (["--clock", "2026-04-18T16:00:00"], "with an offset"),
        (["--clock", "9999-12-31T23:59:59Z"], "is outside 1970 to 9998"),
        (["--clock", "1969-12-31T23:59:59Z"], "is outside 1970 to 9998"),
        (["--db", "/nonexistent/folder/x.db"], "cannot use the database"),
        (["--ready", "/nonexistent/folder/x.json"], "for --ready"),
        (["--port", "70000"], "70000"),
    ],
)
def test_wrong_call_is_one_message_and_exit_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sandbox", CATALOGUE, *words]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


def test_used_port_is_one_message_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["sandbox", CATALOGUE, "--port", str(port)]) == 2
    assert f"port {port} is in use" in capsys.readouterr().err


def test_list_of_faults_has_a_sentence_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "--list-faults"]) == 0
    shown = capsys.readouterr().out
    assert "search-unsorted" in shown
    assert "Lists come in reverse order." in shown
    assert "header-case" in shown
    assert max(map(len, shown.splitlines())) <= 100
    for kind in describe_all().values():
        for name, sentence in kind.items():
            assert f"{name} {sentence}" in " ".join(shown.split())


def test_client_cannot_choose_the_address_by_which_its_calls_are_counted(running: dict[str, Any]) -> None:
    """Forty calls: the limit returns one every quarter of a second, and a busy machine may be as slow."""
    with httpx.Client(base_url=running["url"]) as client:
        answers = [
            client.get("/api/v1/health", headers={"X-Forwarded-For": f"203.0.113.{number}"})
            for number in range(40)
        ]
    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in answers]
    assert min(left) < left[0]
