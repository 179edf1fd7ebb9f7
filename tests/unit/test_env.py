"""A target description (`verify --env`): all its faults at once, each at its place, and no key of it
repeated.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.errors import InputError, PgagentsError
from pgagents.cli.inputs.env import Env, read_env
from pgagents.cli.inputs.server import keys
from pgagents.cli.main import main

ROLES: dict[str, Any] = {"main": None, "second": None}
VALUES = {"place": {"lat": 39.6, "lng": -106.3}, "plate": "CO-7891"}
VARIABLES = {"STAGING_KEY": "pk_test_1", "GATEWAY_KEY": "open sesame"}

WHOLE = """\
url: https://staging.example.com/base/
plain_url: http://staging.example.com
cacert: ca.pem
headers: {X-Gateway: blue, X-Gateway-Key: {variable: GATEWAY_KEY}}
identities: {main: STAGING_KEY}
env: {place: {lat: 47}}
"""


def described(folder: Path, text: str) -> Env:
    path = folder / "staging.yaml"
    path.write_text(text, encoding="utf-8")
    return read_env(path, roles=ROLES, values=VALUES, variables=VARIABLES)


def test_description_says_all_that_the_command_line_could(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    assert described(tmp_path, WHOLE) == Env(
        url="https://staging.example.com/base",
        plain_url="http://staging.example.com",
        cacert=tmp_path / "ca.pem",
        headers={"X-Gateway": "blue", "X-Gateway-Key": "open sesame"},
        identities={"main": "STAGING_KEY"},
        values={"place": {"lat": 47, "lng": -106.3}, "plate": "CO-7891"},
    )


def test_description_may_say_little(tmp_path: Path) -> None:
    assert described(tmp_path, "url: https://a.example\nheaders:\n") == Env(url="https://a.example")


FAULTS = {
    "unknown key": ("urls: https://a.example", 1, 1, "unknown key `urls`", "did you mean `url`?"),
    "duplicate key": (
        "url: https://a.example\nurl: https://b.example",
        2,
        1,
        "stands here again",
        "keep one",
    ),
    "no url": ("url: staging", 1, 6, "is not an http or https URL", "give it as https://"),
    "url that is a number": ("url: 5", 1, 6, "a URL is text", ""),
    "twin of no TLS": (
        "url: http://a.example\nplain_url: http://b.example",
        2,
        12,
        "is the http:// twin",
        "leave it out",
    ),
    "twin with TLS": (
        "url: https://a.example\nplain_url: https://b.example",
        2,
        12,
        "is the http:// twin",
        "",
    ),
    "missing certificate": ("cacert: nowhere.pem", 1, 9, "there is no file nowhere.pem", ""),
    "headers in a list": ("headers: [X-A]", 1, 10, "`headers` is a mapping", ""),
    "header that no HTTP has": (
        'headers: {"X A": b}',
        1,
        11,
        "`X A` cannot be given as a header",
        "letters, digits",
    ),
    "header with the key": (
        "headers: {Authorization: b}",
        1,
        11,
        "`Authorization` cannot be given",
        "`identities`",
    ),
    "header that the checks vary": (
        "headers: {Content-Type: b}",
        1,
        11,
        "cannot be given as a header",
        "the checks vary it",
    ),
    "header that is a number": ("headers: {X-A: 5}", 1, 16, "one line of ASCII text", "quotes"),
    "header of two lines": ('headers: {X-A: "b\\r\\nX-B: c"}', 1, 16, "one line of ASCII text", ""),
    "header from an unset variable": (
        "headers: {X-A: {variable: NOT_SET}}",
        1,
        27,
        "NOT_SET is not set",
        "export NOT_SET",
    ),
    "header from elsewhere": ("headers: {X-A: {file: a}}", 1, 16, "text, or `{variable: NAME}`", ""),
    "unknown role": ("identities: {secnd: STAGING_KEY}", 1, 14, "no role `secnd`", "did you mean `second`?"),
    "unset variable": ("identities: {second: NOT_SET}", 1, 22, "NOT_SET is not set", ""),
    "unknown value": ("env: {plac: {lat: 1}}", 1, 7, "`env` has no `plac`", "did you mean `place`?"),
    "unknown member": ("env: {place: {lat: 1, long: 2}}", 1, 23, "`env.place` has no `long`", "lng"),
    "text for a number": (
        'env: {place: {lat: "1"}}',
        1,
        20,
        "text stands here; the catalogue has a number",
        "",
    ),
    "number for a mapping": (
        "env: {place: 1}",
        1,
        14,
        "a number stands here; the catalogue has a mapping",
        "",
    ),
    "a list": ("- url", 1, 1, "is a mapping", "url: https://"),
    "nothing": ("", 1, 1, "is a mapping", ""),
    "no YAML": ("url: [", 2, 1, "not valid YAML", ""),
    "an alias": ("url: &a https://a.example\nplain_url: *a", 1, 6, "anchor `&a` is not allowed", ""),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_fault_is_told_at_its_place(kind: str, tmp_path: Path) -> None:
    text, line, column, says, help = FAULTS[kind]
    with pytest.raises(InputError) as caught:
        described(tmp_path, text)
    first = caught.value.diagnostics[0]
    assert (first.span.line, first.span.column) == (line, column)
    assert says in first.message
    assert help in first.help


def test_all_faults_are_told_in_one_go(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        described(tmp_path, "urls: 1\ncacert: no\nidentities: {nobody: X}\nenv: {x: 1}\n")
    assert [d.span.line for d in caught.value.diagnostics] == [1, 2, 3, 4]


@pytest.mark.parametrize("written", ["pk_live_secret", '"pk_live secret"', "[secret]"])
def test_key_written_in_place_of_a_variable_is_not_repeated(
    written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "staging.yaml"
    path.write_text(
        "url: https://a.example\nidentities:\n  main: KEY\n".replace("KEY", written), encoding="utf-8"
    )
    assert main(["verify", "--env", str(path), "--plan"]) == 2
    said = capsys.readouterr()
    assert "this is not a name of an environment variable" in said.err
    assert "staging.yaml:3:9" in said.err
    assert said.out == ""
    assert "secret" not in said.err


def test_description_gives_url_and_key_and_the_command_line_goes_before_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGAGENTS_TOKEN", raising=False)
    monkeypatch.setenv("STAGING_KEY", "pk_test_1")
    path = tmp_path / "staging.yaml"
    path.write_text(
        "url: https://a.example\nidentities: {main: STAGING_KEY}\nenv: {place: {lat: 47.37, lng: 8.54}}\n",
        encoding="utf-8",
    )
    assert main(["verify", "--env", str(path), "--plan"]) == 0
    assert "(nothing is sent)" in capsys.readouterr().out
    assert main(["verify", "--env", str(path), "--url", "nonsense", "--plan"]) == 2
    assert "is not an http or https URL" in capsys.readouterr().err
    path.write_text("identities: {main: STAGING_KEY}\n", encoding="utf-8")
    assert main(["verify", "--env", str(path), "--plan"]) == 2
    assert "has no `url`" in capsys.readouterr().err


def test_key_of_the_command_line_goes_before_the_described_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from pgagents.base.registry import folder
    from pgagents.catalogue.load import load_file

    model = load_file(folder("catalogue") / "park_graph.yaml")
    for name, key in {"PGAGENTS_TOKEN": "t", "PGAGENTS_TOKEN_SECOND": "s", "A": "a", "B": "b"}.items():
        monkeypatch.setenv(name, key)
    assert keys(model, (), {}, ask=True) == {"main": "t"}
    assert keys(model, ("second",), {"main": "A"}, ask=True) == {"main": "a", "second": "s"}
    assert keys(model, ("main=B",), {"main": "A"}, ask=True) == {"main": "b"}
    assert keys(model, ("main",), {}, ask=True) == {"main": "t"}
    monkeypatch.delenv("PGAGENTS_TOKEN")
    assert keys(model, (), {}, ask=False) == {}
    with pytest.raises(PgagentsError, match="PGAGENTS_TOKEN is not set"):
        keys(model, ("main",), {}, ask=True)


class _Echo(BaseHTTPRequestHandler):
    """A server that tells every caller the gateway's key: in a header, in the body."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = self.headers["X-Gateway-Key"]
        body = b'{"error": {"message": "not via %s"}}' % told.encode()
        self.send_response(418)
        self.send_header("Content-Type", f"text/{told}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = (
        answer  # the names that http.server calls
    )

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.matrix
def test_header_of_a_gateway_that_is_echoed_reaches_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "open-sesame-91"
    monkeypatch.setenv("PGAGENTS_TOKEN", "pk_test_1234567890")
    monkeypatch.setenv("GATEWAY_KEY", secret)
    path, report = tmp_path / "staging.yaml", tmp_path / "report.json"
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        path.write_text(
            (
                f"url: http://127.0.0.1:{server.server_port}\nheaders: {{X-Gateway-Key: {{variable: "
                f"GATEWAY_KEY}}}}\n"
            ),
            encoding="utf-8",
        )
        assert main(["verify", "--env", str(path), "--profile", "smoke", "--report", str(report)]) == 1
        server.shutdown()
    said = capsys.readouterr().out
    assert "not via [redacted]" in said
    assert secret not in said
    assert secret not in report.read_text(encoding="utf-8")


def test_description_names_a_user_who_refuses_and_another_client_whose_secrets_are_hidden(
    tmp_path: Path,
) -> None:
    told = described(
        tmp_path,
        "oauth:\n  client_id: a\n  redirect_uri: https://a.example/cb\n  refuse: {user: {variable: "
        "GATEWAY_KEY}, decision: deny}\n"
        "  other: {client_id: b, redirect_uri: https://b.example/cb, secret: STAGING_KEY}\n",
    ).oauth
    assert told is not None
    assert told.refuse == {"user": "open sesame", "decision": "deny"}
    assert told.other is not None
    assert (told.other.client_id, told.other.kind) == ("b", "confidential")
    assert {"open sesame", "pk_test_1"} <= set(told.sensitive)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("5", "`other` is a mapping"),
        ("{client_id: b}", "`other` needs `redirect_uri`"),
        ("{client: b, client_id: b, redirect_uri: c}", "`client`"),
    ],
)
def test_another_client_that_is_described_wrongly_is_refused(
    tmp_path: Path, other: str, message: str
) -> None:
    with pytest.raises(InputError) as refused:
        described(tmp_path, f"oauth: {{client_id: a, redirect_uri: b, other: {other}}}\n")
    assert message in str([d.message for d in refused.value.diagnostics])
