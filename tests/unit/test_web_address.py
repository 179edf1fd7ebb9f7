"""Nothing prints the password or the key in a URL, and a URL at which no server can be is one message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from calling import served
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence
from pgagents.base.text import find_unreachable, hide_in_address, hide_in_text, hide_secrets
from pgagents.cli.inputs import document, files
from pgagents.cli.main import main
from pgagents.client.environment import base_url
from pgagents.importer.catalogue import Choice
from pgagents.verify.wire.send import client

SHOP = str(Path(__file__).parents[1] / "catalogues" / "shop.yaml")
DOCUMENT = json.dumps(
    {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "/v1"}],
        "paths": {
            "/books": {
                "get": {
                    "operationId": "listBooks",
                    "responses": {
                        "200": {
                            "description": "Books.",
                            "content": {
                                "application/json": {"schema": {"$ref": "more.json?token=sekret#/Book"}}
                            },
                        }
                    },
                }
            }
        },
    }
).encode()
BOOK = json.dumps({"Book": {"type": "object", "properties": {"id": {"type": "string"}}, "x": 1}}).encode()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:sekret@host/openapi.yaml", "https://…@host/openapi.yaml"),
        ("https://sekret@host", "https://…@host"),
        ("HTTPS://user:se@kret@host:8443/", "HTTPS://…@host:8443/"),
        ("http://user:sek/ret@host/x", "http://…@host/x"),
        ("http://user:sek?ret@host/x", "http://…@host/x"),
        ("http:/user:sekret@host", "http:/…@host"),
        ("https://host/o.yaml?api_key=sekret&v=2", "https://host/o.yaml?api_key=…&v=…"),
        ("https://host/o.yaml?token=sek/ret#/paths", "https://host/o.yaml?token=…#/paths"),
        ("https://host/?sekret", "https://host/?…"),
        ("https://host/?c2VrcmV0==", "https://host/?…"),
        ("https://host/?a=1;sekret", "https://host/?a=…;…"),
        ("https://host/#access_token=sekret", "https://host/#access_token=…"),
    ],
)
def test_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert hide_secrets(url) == shown
    assert hide_secrets(shown) == shown
    assert hide_in_text(f"cannot read '{url}'.") == f"cannot read '{shown}'."


@pytest.mark.parametrize(
    "plain",
    [
        "https://host/openapi.yaml",
        "https://host:8443/@scope/x#/paths/~1books",
        "http://[::1]:8080/@scope",
        "docs/a?b=c@d.yaml",
        "HEAD@{1}:openapi.yaml",
        "C:/x@y?z",
        "",
    ],
)
def test_what_has_no_secret_is_shown_as_it_is(plain: str) -> None:
    assert hide_secrets(plain) == plain
    assert hide_in_text(plain) == plain


def test_address_may_lack_its_scheme() -> None:
    assert hide_in_address("user:sekret@host") == "…@host"
    assert hide_in_address("staging.example.com") == "staging.example.com"


LONG = "a" * 64


@pytest.mark.parametrize(
    "url",
    [
        "http://a..b",
        "http://.b",
        "http://ä。。b",
        f"http://{LONG}.example.com",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.1:-1",
        "http://user:sek/ret@host",
        "http://[::1",
        "http://user:sekret@℀.com",
        "http://",
    ],
)
def test_no_server_can_be_there(url: str) -> None:
    why = find_unreachable(url)
    assert why
    assert "sek" not in why
    with pytest.raises(PgagentsError) as refused:
        base_url(url)
    assert "sek" not in refused.value.message
    if len(url) > len("http://"):
        with pytest.raises(PgagentsError) as unread:
            files.fetch(url)
        assert "sek" not in unread.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://staging.example.com",
        "https://example.com.",
        f"https://{LONG[:63]}.example.com:65535",
        "http://localhost:1",
        "http://[::1]:8080",
        "http://[fe80::1%25eth0]",
        "http://münchen.example",
        "http://my_host.internal/v1",
    ],
)
def test_server_may_be_there(url: str) -> None:
    assert find_unreachable(url) == ""
    assert base_url(url) == url


def test_name_that_cannot_be_resolved_is_no_answer() -> None:
    with client("http://a..b") as send:
        assert isinstance(came := send(Request("GET", "/")), Silence)
    assert came.kind == "refused"


BAD_URLS = {
    "an empty label": "http://a..b",
    "a long label": f"http://{LONG}.example.com",
    "a high port": "http://127.0.0.1:99999",
    "a password": "http://user:sekret@127.0.0.1:1",
    "a key": "http://127.0.0.1:1/?key=sekret",
}
CALLS = {
    "import": "import --full URL --out new.yaml",
    "import of tools": "import --mcp URL --out new.yaml",
    "init": "init --server URL",
    "lint": "lint URL",
    "lint of tools": "lint --mcp-url URL",
    "diff": "diff URL URL",
    "verify": "verify SHOP --url URL",
    "verify a document": "verify --openapi URL --url http://127.0.0.1:1",
    "verify tools": "verify --mcp-url URL",
    "verify with a receiver": "verify SHOP --url http://127.0.0.1:1 --receiver URL",
    "a URL for a file": "build URL",
    "a URL for a certificate": "verify SHOP --url http://127.0.0.1:1 --cacert URL",
    "a URL for a command": "URL",
    "suggest": "suggest SHOP --url URL",
    "call": "call search_books --catalogue SHOP --url URL",
    "mcp": "mcp SHOP --url URL",
}


@pytest.mark.parametrize("url", BAD_URLS.values(), ids=BAD_URLS)
@pytest.mark.parametrize("words", CALLS.values(), ids=CALLS)
def test_bad_url_is_one_message(
    words: str,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "shop_test_key")
    code = main([word.replace("URL", url).replace("SHOP", SHOP) for word in words.split()])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert "rror: " in err
    assert "Traceback" not in err
    assert "sekret" not in err
    assert list(tmp_path.iterdir()) == []


def answer(request: Request) -> Response:
    if request.path == "/moved":
        return Response(302, (("Location", "https://user:sekret@host/o?token=sekret"),))
    if request.path == "/plain.json":
        return Response(200, (), DOCUMENT.replace(b"more.json?token=sekret#", b"#"))
    return Response(200, (), BOOK if request.path == "/more.json" else DOCUMENT)


@pytest.mark.parametrize("ask", ["", "?token=sekret", "?sekret/x"])
def test_import_keeps_no_secret_of_the_documents_url(
    ask: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with served(answer) as url:
        place = f"{url.replace('//', '//user:sekret@')}/openapi.json{ask}"
        assert main(["import", "--full", place, "--out", "new.yaml"]) == 0
        assert main(["import", place]) == 2
        assert main(["import", place.replace("openapi.json", "plain.json")]) == 0
        assert main(["import"]) == 0
        assert main(["lint", place.replace("openapi.json", "plain.json")]) == 1
        assert main(["diff", place, place, "--format", "json"]) == 0
        model = document.load_document(place, Choice())
    out, err = capsys.readouterr()
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.is_file())
    assert "sekret" not in out + err + written
    assert "openapi.json" in written
    assert model.source.gains
    assert "sekret" not in "".join(model.source.gains) + model.source.file


def test_redirect_is_shown_without_its_secrets() -> None:
    with served(answer) as url, pytest.raises(PgagentsError) as refused:
        files.fetch(f"{url}/moved")
    assert refused.value.message.endswith("redirects to https://…@host/o?token=…")
    assert "curl -I" in refused.value.help


def test_source_line_is_shown_without_a_password(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    described = tmp_path / "server.yaml"
    described.write_text("url: https://user:sekret@staging.example.com # ours\n", encoding="utf-8")
    assert main(["verify", SHOP, "--env", str(described)]) == 2
    err = capsys.readouterr().err
    assert "sekret" not in err
    assert "@staging.example.com # ours" in err
