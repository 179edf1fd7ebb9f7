"""No key is readable in what a run writes, in whatever coding a server gives it back. The codings here are
the test's own.
"""

from __future__ import annotations

import base64
import http.server
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lengths import rarely, tried
from pgagents.base.errors import SetupError
from pgagents.base.http import Request, Response, Silence
from pgagents.cli.inputs import report_files
from pgagents.cli.main import cli
from pgagents.report.report import RecordedExchange
from pgagents.verify.run.preflight import MOST_READS
from pgagents.verify.run.redact import Redactor
from test_report import SOURCE
from test_report_secrets import reported
from verifying import PARK_GRAPH, SHOP, model, run

Coding = Callable[[str], str]
NEAR = 12
SIGNS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789/+=_-.~%&\"'<>\\"


def each(form: Callable[[int], str]) -> Coding:
    return lambda text: "".join(form(byte) for byte in text.encode())


def where(signs: str, form: Callable[[int], str]) -> Coding:
    return lambda text: "".join(form(ord(c)) if c in signs else c for c in text)


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CODINGS: dict[str, Coding] = {
    "as it is": lambda text: text,
    "capitals": str.upper,
    "percent": where("/+=%&\"'<>\\", lambda n: f"%{n:02X}"),
    "percent, small": where("/+=%&\"'<>\\", lambda n: f"%{n:02x}"),
    "percent, everything": each(lambda n: f"%{n:02X}"),
    "percent twice": where("/+=%&\"'<>\\", lambda n: f"%25{n:02X}"),
    "backslash before slashes": lambda text: (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("/", "\\/")
    ),
    "unicode": each(lambda n: f"\\u{n:04x}"),
    "unicode, braces": each(lambda n: f"\\u{{{n:x}}}"),
    "bytes": each(lambda n: f"\\x{n:02x}"),
    "octal": each(lambda n: f"\\{n:03o}"),
    "HTML": where(
        "&\"'<>", lambda n: {"&": "&amp;", '"': "&quot;", "'": "&#39;", "<": "&lt;", ">": "&gt;"}[chr(n)]
    ),
    "HTML numbers": each(lambda n: f"&#{n};"),
    "HTML numbers, hexadecimal": each(lambda n: f"&#x{n:X};"),
    "base64": base64_of,
    "base64 with a colon": lambda text: base64_of(f"{text}:"),
    "base64 behind a colon": lambda text: base64_of(f":{text}"),
    "base64 behind a user": lambda text: base64_of(f"user:{text}"),
    "base64 with its scheme": lambda text: base64_of(f"Bearer {text}"),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hexadecimal": each(lambda n: f"{n:02x}"),
    "hexadecimal, capitals": each(lambda n: f"{n:02X}"),
    "hexadecimal, blanks": each(lambda n: f"{n:02x} "),
    "hexadecimal, colons": each(lambda n: f"{n:02x}:"),
    "numbers": lambda text: ",".join(str(n) for n in text.encode()),
    "blanks in between": lambda text: " ".join(text[i : i + 7] for i in range(0, len(text), 7)),
    "lines": lambda text: "\r\n ".join(text[i : i + 9] for i in range(0, len(text), 9)),
    "UTF-16": lambda text: "\0".join(text),
}
SHOWN_KEY = "Zk7qPw9xT3mB5vN8rL2dYhC4"
SHOWN: dict[str, Coding] = {
    "quoted-printable": each(lambda n: f"={n:02X}"),
    "quoted-printable, a soft break": lambda text: f"{text[:10]}=\n{text[10:]}",
    "script": each(lambda n: f"%u{n:04X}"),
    "bytes, braces": each(lambda n: f"\\x{{{n:x}}}"),
    "HTML numbers, zeros": each(lambda n: f"&#{n:08d};"),
    "tags": lambda text: f"{text[:11]}<em>{text[11]}</em>{text[12:]}",
    "colours": lambda text: f"{text[:8]}\x1b[31m{text[8:]}\x1b[0m",
    "other directions": lambda text: "\u2066".join(text),
    "a list": lambda text: json.dumps(list(text)),
    "a list of another language": lambda text: str(list(text)),
    "dashes": "-".join,
    "pipes": " | ".join,
    "other widths": lambda text: "".join(chr(ord(c) + 0xFEE0) for c in text),
}
"""Codings in which mail, pages, terminals and programs show a text."""


@pytest.mark.parametrize("coding", SHOWN)
def test_a_key_is_masked_as_mail_pages_terminals_and_programs_show_it(coding: str) -> None:
    masked = Redactor({"main": SHOWN_KEY}, ()).text(f"went wrong for {SHOWN[coding](SHOWN_KEY)} today")
    assert re.fullmatch(r"went wrong for .{0,5}\[key of main(, encoded)?\].{0,5} today", masked)


@pytest.mark.parametrize(
    "text", ["a-b-c-d-e-f-g-h-i", "1 | 2 | 3 | 4 | 5 | 6 | 7 | 8", "<b>plain</b> ＷＩＤＥ"]
)
def test_what_is_written_so_and_is_not_a_key_stays(text: str) -> None:
    assert Redactor({"main": SHOWN_KEY}, ()).text(text) == text


long_keys = st.text(alphabet=SIGNS, min_size=24, max_size=40).map(lambda s: f"pk_test_{s}")
short_keys = st.text(
    alphabet="abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=8, max_size=8
)
codings = st.sampled_from(sorted(CODINGS))
Place = Callable[[str], Response]
PLACES: dict[str, Place] = {
    "body": lambda said: Response(
        500, (("Content-Type", "text/plain"),), f"went wrong for {said} today".encode()
    ),
    "page": lambda said: Response(
        404, (("Content-Type", "text/html"),), f'<a href="/x?next={said}">x</a>'.encode()
    ),
    "JSON": lambda said: Response(
        401, (("Content-Type", "application/json"),), json.dumps({"a": [{"m": f"no {said}"}]}).encode()
    ),
    "name in JSON": lambda said: Response(
        401, (("Content-Type", "application/json"),), json.dumps({said: 1}).encode()
    ),
    "header": lambda said: Response(401, (("X-Debug", said.replace("\r\n", "")),), b"{}"),
    "redirect": lambda said: Response(
        302, (("Location", f"https://a.example/login?return_to=%2Fx&t={said}".replace("\r\n", "")),), b""
    ),
}


def pieces(coding: Coding, key: str) -> set[str]:
    """Twelve characters in a row of what is sent, but for those that are sent for another key too."""
    said, other = coding(key), coding("".join(chr(33 + (ord(c) * 7 + 11) % 90) for c in key))
    same = {other[i : i + NEAR] for i in range(len(other) - NEAR + 1)}
    return {said[i : i + NEAR] for i in range(len(said) - NEAR + 1)} - same


def text_of(text: str) -> set[str]:
    """The text as it stands, and as it reads where a form writes it as JSON or HTML does."""
    plain = text.replace("\\\\", "\\").replace('\\"', '"')
    for sign, name in {"<": "lt", ">": "gt", '"': "#34", "'": "#39", "&": "amp"}.items():
        plain = plain.replace(f"&{name};", sign)
    return {text, plain}


def readable(text: str, key: str, coding: Coding) -> list[str]:
    wanted = pieces(coding, key) | pieces(lambda t: t, key)
    return sorted(piece for piece in wanted for one in text_of(text) if piece in one)


def chained(first: str, second: str) -> Coding:
    """One coding over another; base64 in capitals cannot be read back by anybody."""
    if first.startswith("base64") and second == "capitals":
        second = first
    return lambda text: CODINGS[second](CODINGS[first](text))


KEY = "pk_test_iJr%+-2Cn~d39a+LFpSdcd\\b2D8d"


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=25)
@given(key=long_keys, first=codings, second=codings)
@example(key=KEY, first="percent twice", second="percent twice")
@example(key=KEY, first="percent twice", second="octal")
@example(key=KEY, first="UTF-16", second="numbers")
@example(key=KEY, first="lines", second="percent")
def test_key_in_any_two_codings_is_masked(place: str, key: str, first: str, second: str) -> None:
    coding = chained(first, second)
    redactor = Redactor({"main": "another-key-of-the-run", "second": key}, ())
    shown = redactor.exchange(
        RecordedExchange(1, Request("GET", "/x"), PLACES[place](coding(key)), 0.1, f"with {coding(key)}")
    )
    assert isinstance(shown.answer, Response)
    whole = "\n".join(
        [shown.why, shown.answer.body.decode(), *(f"{n}: {v}" for n, v in shown.answer.headers)]
    )
    assert readable(whole, key, coding) == []


@pytest.mark.parametrize("coding", CODINGS)
@tried(1, 3, key=long_keys)
def test_key_is_readable_in_no_form_of_the_report(coding: str, key: str) -> None:
    for place in PLACES.values():
        exchange = RecordedExchange(1, Request("GET", "/x"), place(CODINGS[coding](key)), 0.1, "why")
        text = reported(Redactor({"main": key}, ()), (exchange,), CODINGS[coding](key))
        assert readable(text, key, CODINGS[coding]) == []


@settings(max_examples=15)
@given(key=long_keys, cut=st.integers(2, 30), coding=codings)
def test_key_that_goes_on_in_the_next_header_is_masked_in_both(key: str, cut: int, coding: str) -> None:
    said = CODINGS[coding](key).replace("\r\n", "")
    answer = Response(401, (("X-A", said[:cut]), ("X-B", said[cut:]), ("Content-Type", "text/plain")), b"")
    shown = (
        Redactor({"main": key}, ())
        .exchange(RecordedExchange(1, Request("GET", "/x"), answer, 0.1, "why"))
        .answer
    )
    assert isinstance(shown, Response)
    assert (
        readable(
            "".join(value for _, value in shown.headers),
            key,
            lambda text: CODINGS[coding](text).replace("\r\n", ""),
        )
        == []
    )
    assert shown.headers[2] == ("Content-Type", "text/plain")


@pytest.mark.parametrize("coding", sorted(CODINGS.keys() - {"blanks in between"}))
@settings(max_examples=4)
@given(key=short_keys)
def test_key_of_eight_characters_is_masked_as_a_whole(coding: str, key: str) -> None:
    for place in PLACES.values():
        redactor = Redactor({"main": key}, ())
        said = CODINGS[coding](key)
        answer = redactor.exchange(RecordedExchange(1, Request("GET", "/x"), place(said), 0.1, "why")).answer
        assert isinstance(answer, Response)
        whole = "\n".join([answer.body.decode(), *(value for _, value in answer.headers)])
        assert key not in whole
        assert said.strip() not in whole


def test_key_of_eight_characters_is_masked_without_its_last_one_too() -> None:
    redactor = Redactor({"main": "Kq3vX9zB"}, ())
    assert redactor.text("Kq3vX9zA kQ3Vx9Zb Kq3vX9z") == "[redacted]A [redacted] [redacted]"


@pytest.mark.parametrize("key", ["get_product", "products", "place_order"])
def test_key_that_is_a_word_of_the_catalogue_leaves_names_and_paths_as_they_are(key: str) -> None:
    of = model(SHOP)
    assert key in of.source.text
    redactor = Redactor({"main": key}, (), catalogue=of.source.text)
    body = json.dumps(
        {key: {"token": key, "basic": base64_of(f"{key}:"), "said": f"no {key} here", "list": [key]}}
    ).encode()
    sent = Request("GET", f"/{key}/{key}_1?q=a&token={key}", (("Authorization", f"Bearer {key}"),))
    shown = redactor.exchange(
        RecordedExchange(1, sent, Response(400, (("X-Echo", key),), body), 0.1, f"{key} with a key")
    )
    assert shown.request.target == f"/{key}/{key}_1?q=a&token=[key of main]"
    assert shown.request.header("authorization") == "Bearer [key of main]"
    assert isinstance(shown.answer, Response)
    assert shown.answer.header("x-echo") == "[key of main]"
    said = json.loads(shown.answer.body)
    assert list(said) == [key]
    assert said[key]["token"] == "[key of main]"
    assert said[key]["list"] == ["[key of main]"]
    assert said[key]["said"] == f"no {key} here"
    assert base64_of(f"{key}:")[:8] not in shown.answer.body.decode()
    assert redactor.text(f"valid_calls/{key}@rest") == f"valid_calls/{key}@rest"


@pytest.mark.parametrize("key", ["a", "dev", "test"])
def test_key_of_a_few_letters_leaves_ordinary_words_alone(key: str) -> None:
    redactor = Redactor({"main": key}, ())
    assert redactor.text("a latest developer made a device") == "a latest developer made a device"
    sent = Request("GET", "/a/latest", (("Authorization", f"Bearer {key}"),))
    assert (
        redactor.exchange(RecordedExchange(1, sent, Response(200), 0.1, "x")).request.header("authorization")
        == "Bearer [key of main]"
    )


@settings(max_examples=4, deadline=None)
@given(key=long_keys, first=codings, second=codings, place=st.sampled_from(sorted(PLACES)))
def test_run_against_a_server_that_gives_the_key_back_shows_it_nowhere(
    key: str, first: str, second: str, place: str
) -> None:
    coding, of = chained(first, second), model(SHOP)

    def handler(request: Request) -> Response | Silence:
        return replace(
            PLACES[place](coding((request.header("authorization") or "").removeprefix("Bearer "))), status=418
        )

    one = run(of, handler=handler, keys={"main": key}, profile="smoke")
    assert one.findings
    for form in report_files.FORMS:
        assert readable(report_files.render(form, one, of.source).decode(), key, coding) == [], form


@contextmanager
def echoing(coding: Coding, *, status: int = 418, like_the_api: bool = True) -> Iterator[str]:
    """A server on this machine that gives back what it is called with, in a page, a redirect and a header.

    `like_the_api`: its first answers have JSON bodies, or it would be taken for another server and nothing
    more be sent.
    """
    answered = itertools.count()

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            said = coding((self.headers.get("authorization") or "").removeprefix("Bearer ")).replace(
                "\r\n", ""
            )
            data = like_the_api and next(answered) < MOST_READS
            body = b"{}" if data else f'<a href="/login?token={said}">{said}</a>'.encode()
            kind = "application/json" if data else "text/html"
            self.send_response(status)
            headers = {
                "Location": f"/x?return_to={said}",
                "X-Debug": said,
                "Content-Type": kind,
                "Content-Length": str(len(body)),
            }
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


WRITTEN = ["percent", "backslash before slashes", "base64 with a colon", "HTML", "as it is"]


@pytest.mark.parametrize("coding", rarely(WRITTEN, WRITTEN[0], WRITTEN[-1]))
def test_command_writes_the_key_nowhere(coding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, extra = "pk_test_a/b+c=d3f9a8c7b6d5e4/Zz+9==", "gateway-Value/17+&x"
    monkeypatch.setenv("PGAGENTS_TOKEN", key)
    monkeypatch.setenv("GATEWAY_KEY", extra)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    env = tmp_path / "env.yaml"
    reports = [tmp_path / f"report.{suffix}" for suffix in ("json", "xml", "sarif", "md", "html", "txt")]
    plan = tmp_path / "plan.json"
    with echoing(CODINGS[coding]) as url:
        env.write_text(f"url: {url}\nheaders: {{X-Gateway-Key: {{variable: GATEWAY_KEY}}}}\n")
        args = ["verify", str(SHOP), "--env", str(env), "--profile", "smoke"]
        shown = CliRunner().invoke(
            cli,
            [*args, *(word for path in reports for word in ("--report", str(path)))],
            standalone_mode=False,
        )
        planned = CliRunner().invoke(cli, [*args, "--plan", "--report", str(plan)], standalone_mode=False)
    assert shown.return_value == 1, shown.output
    written = {path: path.read_text() for path in (*reports, plan, *(tmp_path / "cache").rglob("*.json"))}
    assert len(written) == 8
    for text in (shown.output, planned.output, *written.values()):
        for secret in (key, extra):
            assert readable(text, secret, CODINGS[coding]) == []


def test_source_of_these_tests_is_no_catalogue_with_a_key() -> None:
    assert "pk_test" not in SOURCE.text


def test_command_that_repeats_the_run_holds_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, out = "pk_test_3f9a8c7b6d5e4f3a2b1c", tmp_path / "report.json"
    monkeypatch.setenv("PGAGENTS_TOKEN", key)
    with echoing(CODINGS["as it is"]) as url:
        args = [
            "verify",
            str(PARK_GRAPH),
            "--url",
            url,
            "--profile",
            "smoke",
            "--mcp-stdio",
            f"env KEY={key} false",
            "--report",
            str(out),
        ]
        shown = CliRunner().invoke(cli, args, standalone_mode=False)
    assert "--mcp-stdio" in json.loads(out.read_text())["header"]["again"]
    assert readable(shown.output + out.read_text(), key, CODINGS["as it is"]) == []


ENDING = [(coding, status) for coding in WRITTEN if coding != "HTML" for status in (302, 418)]


@pytest.mark.parametrize(("coding", "status"), rarely(ENDING, *ENDING[::3]))
def test_message_that_ends_a_run_before_it_begins_holds_no_key(
    coding: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "pk_test_a/b+c=d3f9a8c7b6d5e4/Zz+9=="
    monkeypatch.setenv("PGAGENTS_TOKEN", key)
    with echoing(CODINGS[coding], status=status, like_the_api=False) as url:
        shown = CliRunner().invoke(
            cli, ["verify", str(SHOP), "--url", url, "--profile", "smoke"], standalone_mode=False
        )
    assert isinstance(shown.exception, SetupError)
    assert ("redirects" if status == 302 else "another server") in str(shown.exception)
    assert readable(f"{shown.output} {shown.exception} {shown.exception.help}", key, CODINGS[coding]) == []
