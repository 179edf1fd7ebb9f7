"""A short catalogue over a document that is fetched with a key."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from overlaying import NOTES, refused
from pgagents.base.errors import InputError, show
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.catalogue import load_opened

KEY = "hush-123"


class Server(BaseHTTPRequestHandler):
    """Answers the document to whoever has the key. A redirect of `/moved` has the key in its address."""

    seen: list[tuple[str, str | None, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"], self.headers["X-API-Key"]))
        keys = (self.headers["Authorization"], self.headers["X-API-Key"])
        status = 302 if self.path == "/moved" else 200 if KEY in str(keys) else 401
        self.send_response(status)
        self.send_header("Location", f"http://127.0.0.1:1/{KEY}")
        self.end_headers()
        if status == 200:
            self.wfile.write(NOTES.read_bytes())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    Server.seen = []
    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def load(document: str, key: str) -> Model:
    text = f"pgagents: 1\nopenapi: {{document: '{document}', key: {key}}}\n"
    return load_opened(parse(text, "pgagents.yaml", folder=Path.cwd()))


def test_the_key_of_a_variable_is_sent_in_its_header(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCS_KEY", KEY)
    model = load(f"{url}/openapi.json", "DOCS_KEY")
    assert len(model.actions) == 8
    assert Server.seen == [("/openapi.json", f"Bearer {KEY}", None)]
    assert KEY not in repr(model.source)
    load(f"{url}/openapi.json", "X-API-Key:DOCS_KEY")
    monkeypatch.setenv("DOCS_KEY", f"Token {KEY}")
    load(f"{url}/openapi.json", "DOCS_KEY")
    assert Server.seen[1:] == [
        ("/openapi.json", None, KEY),
        ("/openapi.json", f"Token {KEY}", None),
    ]


def test_a_redirect_ends_it_with_one_message_without_the_key(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCS_KEY", KEY)
    with pytest.raises(InputError) as caught:
        load(f"{url}/moved", "DOCS_KEY")
    (found,) = caught.value.diagnostics
    assert "redirects to" in found.message
    assert "the key of DOCS_KEY is sent nowhere else" in found.help
    assert KEY not in show(found)
    assert [path for path, *_ in Server.seen] == ["/moved"]


def test_a_variable_that_is_not_set_or_holds_no_header(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for value, said in (
        ("", "the environment variable DOCS_KEY is not set"),
        ("a\nb", "DOCS_KEY is not a header"),
    ):
        monkeypatch.setenv("DOCS_KEY", value)
        with pytest.raises(InputError) as caught:
            load(f"{url}/openapi.json", "DOCS_KEY")
        assert [(d.message, d.span.line) for d in caught.value.diagnostics] == [(said, 2)]
    assert Server.seen == []


@pytest.mark.parametrize(
    ("openapi", "said"),
    [
        ("{document: 'https://a.example.com/x.json', key: sk_live_hush}", "never the key itself"),
        ("{document: 'https://a.example.com/x.json', key: 3}", "never the key itself"),
        ("{document: notes.json, key: DOCS_KEY}", "for a document at a URL"),
        ("{document: 'http://a.example.com/x.json', key: DOCS_KEY}", "sent over https alone"),
    ],
)
def test_a_wrong_key_is_one_message(openapi: str, said: str) -> None:
    found = refused("", openapi=openapi)
    assert len(found) == 1
    assert said in found[0]
    assert "hush" not in found[0]
