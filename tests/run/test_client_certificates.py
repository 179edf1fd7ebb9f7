"""Calls over real TLS with a client certificate: the sandbox asks for it, verify and call present it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from importing import imported, openapi, operation
from inprocess import inside, verify_sandbox
from language_table import built_of, model_of, rows, vendor_files
from pgagents.base.errors import PgagentsError
from pgagents.base.http import CertificateFiles, make_context
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.diff.compare import compare
from pgagents.report.curl import of_finding
from pgagents.verify.plan.options import Options
from starting import wait_for_ready

WORDS = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("notes.yaml").write_text(rows()["client-certificate"].text(), encoding="utf-8")
    ready = tmp_path / "ready.json"
    command = [*WORDS, "sandbox", "notes.yaml", "--tls", "--port", "0", "--ready", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            facts = wait_for_ready(ready, process)
            monkeypatch.setenv("PGAGENTS_TOKEN", facts["keys"]["test"])
            yield facts
        finally:
            process.terminate()


@pytest.mark.matrix
def test_commands_present_the_certificate_that_a_sandbox_asks_for(
    served: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    there = ["--url", served["url"], "--cacert", served["ca_file"]]
    cert = ["--cert", served["client_cert"]]
    contracts = ["--only", "client_certificate", "--only", "valid_calls/example/milk/create_note@rest"]
    assert Path(served["client_cert"]).stat().st_mode & 0o077 == 0
    assert main(["verify", "notes.yaml", *there, *cert, *contracts, "--report", "v.json"]) == 0
    report = json.loads(Path("v.json").read_text(encoding="utf-8"))
    kept = {r["contract"] for r in report["results"] if r["verdict"] == "kept"}
    assert {
        "client_certificate/missing/create_note@rest",
        "client_certificate/other_authority/create_note@rest",
        "valid_calls/example/milk/create_note@rest",
    } <= kept
    capsys.readouterr()
    call = ["call", "create_note", "text=Buy milk", "--catalogue", "notes.yaml", "--yes", *there]
    assert main([*call, *cert]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "Buy milk"
    Path("env.yaml").write_text(f"url: {served['url']}\ncert: client.pem\n", encoding="utf-8")
    Path("client.pem").write_bytes(Path(served["client_cert"]).read_bytes())
    words = ["call", "list_notes", "--catalogue", "notes.yaml", "--cacert", served["ca_file"]]
    assert main([*words, "--env", "env.yaml"]) == 0


def test_lack_of_a_certificate_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "test_a")
    Path("notes.yaml").write_text(rows()["client-certificate"].text(), encoding="utf-8")
    Path("key.pem").write_text("none", encoding="utf-8")
    words = ["verify", "notes.yaml", "--url", "https://127.0.0.1:9"]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "the API asks for a client certificate (`client`)" in said
    assert "https://notes.example/certificates" in said
    assert main([*words, "--cert-key", "key.pem"]) == 2
    assert "--cert-key without --cert" in capsys.readouterr().err
    assert main([*words, "--cert", "key.pem"]) == 2
    assert "cannot use the client certificate key.pem" in capsys.readouterr().err
    Path("env.yaml").write_text("url: https://127.0.0.1:9\ncert: nowhere.pem\n", encoding="utf-8")
    assert main(["verify", "notes.yaml", "--env", "env.yaml"]) == 2
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


def test_curl_of_a_finding_presents_the_certificate_of_its_call() -> None:
    model = model_of("client-certificate")
    report = verify_sandbox(model, inside(model, faults=["content-type-html"]), Options(allow_writes=True))
    lines = {f.contract.id: of_finding(f, "https://127.0.0.1:1") for f in report.findings}
    assert '--cert "$PGAGENTS_CERT"' in lines["content_type/create_note@rest"]
    report = verify_sandbox(
        model, inside(model, faults=["certificate-not-asked"]), Options(allow_writes=True)
    )
    lines = {f.contract.id: of_finding(f, "https://127.0.0.1:1") for f in report.findings}
    assert "--cert" not in lines["client_certificate/missing/create_note@rest"]


def test_certificate_is_imported_with_the_key_beside_it() -> None:
    found = imported(
        json.loads(vendor_files(built_of("client-certificate"), "openapi")["openapi/openapi.json"])
    )
    assert found.data["auth"]["schemes"]["client"]["type"] == "mutual_tls"
    assert found.data["security"] == [{"token": [], "client": []}]
    assert found.data["actions"]["list_notes"]["security"] == [{"token": []}]
    assert found.model.certificate is not None


def test_certificate_that_only_one_alternative_needs_is_left_out() -> None:
    schemes = {"c": {"type": "mutualTLS"}, "t": {"type": "http", "scheme": "bearer"}}
    both = operation(operationId="a", security=[{"c": []}, {"t": []}])
    alone = operation(operationId="b", security=[{"c": []}])
    made = imported(openapi({"/a": {"get": both}}, components={"securitySchemes": schemes}))
    assert made.data["security"] == [{"t": []}]
    made = imported(openapi({"/b": {"get": alone}}, components={"securitySchemes": schemes}))
    assert made.data["security"] == [{"c": []}]
    assert made.model.certificate is not None
    assert made.model.credentials == {}


def test_a_certificate_that_calls_need_now_breaks_callers() -> None:
    row = rows()["client-certificate"]
    new = row.text()
    old = row.text({"security": [{"token": []}], "auth": {"schemes": {"client": None}}})
    changes = compare(load_text(old), load_text(new))
    assert {c.severity for c in changes if "client certificate" in c.message} == {"breaking"}
