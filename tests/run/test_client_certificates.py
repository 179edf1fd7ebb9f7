"""Calls to a server that asks for a client certificate: verify and call present it, and a finding says so."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from importing import imported, openapi, operation
from language_table import BASE
from pgagents.base.errors import PgagentsError
from pgagents.base.http import CertificateFiles, make_context
from pgagents.cli.main import main
from pgagents.report.curl import of_finding
from pgagents.report.read import read


class _Notes(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kind = "application/json"

    def do_GET(self) -> None:
        body = b'{"notes": []}'
        self.send_response(200)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield the words that reach a server which refuses connections without a certificate."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "test_a")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.cert_pem.write_to_path("ca.pem")
    authority.issue_cert("client@notes.example").private_key_and_cert_chain_pem.write_to_path("client.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Notes) as served:
        served.socket = context.wrap_socket(served.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=served.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{served.server_address[1]}"
        Path("env.yaml").write_text(f"url: {url}\ncert: client.pem\n", encoding="utf-8")
        yield ["--url", url, "--cacert", "ca.pem"]
        served.shutdown()


def test_commands_present_the_certificate_that_a_server_asks_for(
    server: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = ["call", "list_notes", "--catalogue", str(BASE)]
    assert main([*call, *server]) != 0
    capsys.readouterr()
    assert main([*call, *server, "--cert", "client.pem"]) == 0
    assert json.loads(capsys.readouterr().out) == {"notes": []}
    assert main([*call, *server[2:], "--env", "env.yaml"]) == 0
    monkeypatch.setattr(_Notes, "kind", "text/html")
    verify = [
        "verify",
        str(BASE),
        *server,
        "--cert",
        "client.pem",
        "--only",
        "content_type",
        "--report",
        "r.json",
    ]
    assert main(verify) == 1
    found = next(
        f for f in read(Path("r.json"))[0].findings if f.contract.id == "content_type/list_notes@rest"
    )
    assert '--cert "$PGAGENTS_CERT"' in of_finding(found, server[1])


def test_wrong_file_of_a_certificate_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "test_a")
    Path("key.pem").write_text("none", encoding="utf-8")
    words = ["verify", str(BASE), "--url", "https://127.0.0.1:9"]
    assert main([*words, "--cert-key", "key.pem"]) == 2
    assert "--cert-key without --cert" in capsys.readouterr().err
    assert main([*words, "--cert", "key.pem"]) == 2
    assert "cannot use the client certificate key.pem" in capsys.readouterr().err
    Path("env.yaml").write_text("url: https://127.0.0.1:9\ncert: nowhere.pem\n", encoding="utf-8")
    assert main(["verify", str(BASE), "--env", "env.yaml"]) == 2
    assert "there is no file nowhere.pem beside env.yaml" in capsys.readouterr().err


def test_encrypted_key_is_refused_without_a_prompt(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    leaf = trustme.CA().issue_cert("client@notes.example")
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a"))
    (tmp_path / "key.pem").write_bytes(locked)
    (tmp_path / "cert.pem").write_bytes(leaf.cert_chain_pems[0].bytes())
    with pytest.raises(PgagentsError, match="is encrypted"):
        make_context(None, CertificateFiles(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")))


def test_a_document_that_asks_for_a_certificate_is_imported_without_it_and_says_so() -> None:
    schemes = {"c": {"type": "mutualTLS"}, "t": {"type": "http", "scheme": "bearer"}}
    both = operation(operationId="a", security=[{"c": [], "t": []}])
    alone = operation(operationId="b", security=[{"c": []}])
    made = imported(
        openapi({"/a": {"get": both}, "/b": {"get": alone}}, components={"securitySchemes": schemes})
    )
    assert made.data["security"] == [{"t": []}]
    assert made.data["actions"]["b"]["security"] == []
    assert sum("needs a client certificate" in note.message for note in made.notes) == 2
