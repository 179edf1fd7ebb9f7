"""A wrong address or key is said at once, with what to do about it; a server that is right costs one
request.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from calling import hostile, served
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.verify.run import preflight as module
from pgagents.verify.run.obstacles import Described, Place, Trouble
from pgagents.verify.run.preflight import describe_unused_key, find_refused_other, likely, preflight
from pgagents.verify.setting import setting_of
from small_api import KEY, NOTES, Notes, answer, catalogue

MODEL = catalogue()
BASE = "http://api.test"
PGAGENTS = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]


class Host:
    """A host of this process: what it answers at each base URL, and what it was asked."""

    def __init__(self, at: dict[str, Handler], otherwise: Callable[[Request], Response]) -> None:
        self.at, self.otherwise, self.asked = at, otherwise, []

    def way(self, url: str) -> Handler:
        def send(request: Request) -> Response | Silence:
            self.asked.append(f"{url}{request.target}")
            return self.at.get(url, self.otherwise)(request)

        return send

    def said(
        self,
        url: str = BASE,
        key: str = KEY,
        model=MODEL,
        document: Described | None = None,
        **options: bool,
    ) -> Trouble | None:
        carried = dict.fromkeys(model.credentials, key) if key else {}
        place = Place(url, self.way(url), self.way, document=document, has_key=bool(key))
        return preflight(setting_of(model, url), place, carried, sleep=lambda _: None, **options)


def nothing(_: Request) -> Response:
    return answer(404, {"detail": "Not Found"})


def page(status: int, **headers: str) -> Callable[[Request], Response]:
    return lambda _: Response(status, (("Content-Type", "text/html"), *headers.items()), b"<p>hello")


def test_a_server_that_is_right_costs_one_request():
    host = Host({BASE: Notes()}, nothing)
    assert host.said() is None
    assert host.asked == [f"{BASE}/notes"]


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (f"{BASE}/v1", BASE),
        (f"{BASE}/notes", BASE),
        (BASE, f"{BASE}/api/v1"),
        (f"{BASE}/api/v1/api/v1", f"{BASE}/api/v1"),
        (f"{BASE}/x", f"{BASE}/x/v1"),
    ],
)
def test_another_base_path_is_named(given: str, right: str):
    host = Host({right: Notes()}, nothing)
    found = host.said(given)
    assert found is not None
    assert "every path answers 404" in found.says
    assert found.help == f"give --url {right}"
    assert len(host.asked) <= 8


def test_the_path_that_all_actions_begin_with_may_stand_in_the_url_too():
    model = catalogue(NOTES.replace("/notes", "/v1/notes"))
    host = Host(
        {
            BASE: lambda request: Notes()(
                Request(request.method, request.target.removeprefix("/v1"), request.headers, request.body)
            )
        },
        nothing,
    )
    assert host.said(model=model) is None
    found = host.said(f"{BASE}/v1", model=model)
    assert found is not None
    assert found.help == f"give --url {BASE}"


def test_where_nothing_answers_otherwise_no_base_path_is_made_up():
    found = Host({}, nothing).said()
    assert found is not None
    assert (
        found.help
        == "is it another server, or another base path? the catalogue's own is https://api.example.com"
    )


def test_one_path_that_is_missing_is_a_finding_and_no_wrong_address():
    def lacking(_: Notes, request: Request) -> Response | None:
        return nothing(request) if request.method == "GET" and request.path == "/notes" else None

    host = Host({BASE: Notes(before=lacking)}, nothing)
    assert host.said() is None


@pytest.mark.parametrize("status", [200, 500, 404])
def test_another_server_is_named(status: int):
    found = Host({BASE: page(status, Server="Apache")}, page(404)).said()
    if status == 500:  # a crash is for the run to find
        assert found is None
        return
    assert found is not None
    assert ("another server" in found.says) or status == 404


def test_a_success_that_does_not_fit_its_schema_is_for_the_run():
    assert Host({BASE: lambda _: answer(200, {"entries": 1})}, nothing).said() is None


def test_a_refused_key_is_not_a_dead_server():
    found = Host({BASE: Notes()}, nothing).said(key="test_of_another_server")
    assert found is not None
    assert found.says == "the server is there and refuses the key: 401 to GET /notes"
    assert "PGAGENTS_TOKEN" in found.help


def test_a_server_that_answers_403_refuses_the_key_too():
    def closed(*_: object) -> Response:
        return answer(403, {"detail": "Forbidden"})

    found = Host({BASE: Notes(before=closed)}, nothing).said()
    assert found is not None
    assert found.says == "the server is there and refuses the key: 403 to GET /notes"
    lacking = catalogue(
        NOTES,
        ("always: [UNAUTHORIZED]", "always: [UNAUTHORIZED, LACKING]"),
        ("    REFUSED:", "    LACKING: {status: 403, meaning: No scope}\n    REFUSED:"),
    )
    assert (
        Host({BASE: Notes(before=closed)}, nothing).said(model=lacking) is None
    )  # a documented one is for the run to judge


def test_a_run_without_a_key_on_purpose_is_not_told_that_it_needs_one():
    assert Host({BASE: Notes()}, nothing).said(key="", keyless=True) is None


def test_a_document_without_security_says_that_the_key_is_unused():
    keyless = catalogue(NOTES.replace("    http:", "    security: []\n    http:"))
    assert "used by no action" in describe_unused_key(keyless, KEY)
    assert describe_unused_key(keyless, "") == describe_unused_key(MODEL, KEY) == ""
    found = Host({BASE: Notes()}, nothing).said(model=keyless)
    assert found is not None
    assert "the catalogue says that no action takes a key" in found.says


@pytest.mark.parametrize(
    ("location", "help"),
    [
        (
            "https://sso.example.com/login?next=%2F",
            "it wants a login: give an address behind it, or what it asks for under `headers` in --env",
        ),
        ("https://api.test/notes", "give --url https://api.test"),
        ("http://elsewhere.test/", "give the address that it leads to, if you trust it"),
    ],
)
def test_a_redirect_says_where_it_leads(location: str, help: str):
    found = Host({BASE: page(302, Location=location)}, nothing).said()
    assert found is not None
    assert found.help == help


@pytest.mark.parametrize("location", ["http://[x", "http://[::1", "//[", "http://a:port/"])
def test_a_redirect_to_what_is_no_address_is_a_message(location: str):
    found = Host({BASE: page(302, Location=location)}, nothing).said()
    assert found is not None
    assert found.help


@pytest.mark.parametrize("location", ["/notes/", "https://api.test/notes/", "http://api.test/notes/"])
def test_a_redirect_that_only_adds_a_slash_says_so(location: str):
    found = Host({BASE: page(307, Location=location)}, nothing).said()
    assert found is not None
    assert ("only the slash at the end differs" in found.help) is not location.startswith("https")


@pytest.mark.parametrize("status", [502, 504, 522, 530])
def test_a_gateway_without_a_server_behind_it(status: int):
    found = Host({BASE: page(status)}, nothing).said()
    assert found is not None
    assert "a gateway at" in found.says


def test_a_firewalls_page_is_no_refused_key():
    found = Host({BASE: page(403, Server="cloudflare")}, nothing).said()
    assert found is not None
    assert found.says == (
        f"{BASE}, says that it is cloudflare, and refuses GET /notes with a web page (403 text/html), and an "
        "API answers with data"
    )
    assert "may this machine reach it?" in found.help


def test_a_page_for_signing_in_is_called_so():
    form = b"<form><input name=p type='password'></form>"
    found = Host({BASE: lambda _: Response(200, (("Content-Type", "text/html"),), form)}, nothing).said()
    assert found is not None
    assert "with a page that asks for a password (200 text/html)" in found.says
    assert "it wants a login" in found.help


# -- without a catalogue
# ----------------------------------------------------------------------------------------------------

KEYLESS = catalogue(NOTES.replace("    http:", "    security: []\n    http:"))
TWO_LISTS = """  list_tags:
    title: List tags
    description: Lists all tags.
    http: GET /tags
    effect: read
    output: {200: {type: object}}
"""


@pytest.mark.parametrize(
    ("challenge", "described", "wanted"),
    [
        (
            "Bearer realm=x",
            ["query:k"],
            "--auth bearer, as its answer says (WWW-Authenticate: Bearer realm=x)",
        ),
        ('Basic realm="a, Bearer"', [], "PGAGENTS_TOKEN=user:password and add --auth basic, as"),
        ("token", [], "--auth header:Authorization:Token"),
        ("Negotiate", ["query:k", "basic"], "--auth query:k or --auth basic, as the document describes it"),
        ("", [], "--auth bearer or --auth basic or --auth header:X-API-Key or --auth query:token"),
    ],
)
def test_key_that_a_document_does_not_declare_is_named(
    challenge: str, described: list[str], wanted: str
) -> None:
    def closed(_: Request) -> Response:
        return answer(401, {"detail": "key?"}, **{"WWW-Authenticate": challenge} if challenge else {})

    found = Host({BASE: closed}, nothing).said(key="", model=KEYLESS, document=Described(described))
    assert found is not None
    assert found.says == "the server answers 401 to GET /notes, and the document declares no key"
    assert wanted in found.help


ONE_OPEN = """  list_tags:
    title: List tags
    description: Lists all tags.
    http: GET /tags
    security: []
    effect: read
    output: {200: {type: object, properties: {tags: {type: array, items: {type: string}}}, required: [tags]}}
"""


@pytest.mark.parametrize("key", [KEY, ""])
@pytest.mark.parametrize("open_path", ["/notes", "/tags"])
def test_a_server_that_is_open_in_part_stops_only_who_has_a_key(open_path: str, key: str) -> None:
    model = catalogue(
        NOTES.replace("  create_note:", f"{TWO_LISTS}  create_note:").replace(
            "    http:", "    security: []\n    http:"
        )
    )

    def partly(request: Request) -> Response:
        return answer(200, {"notes": []}) if request.path == open_path else answer(401, {"detail": "key?"})

    found = Host({BASE: partly}, nothing).said(key=key, model=model, document=Described())
    assert found is not None
    assert found.fatal is bool(key)
    assert Host({BASE: partly}, nothing).said(key=key, model=model) is None, "a catalogue means what it says"


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("document", [None, Described()])
def test_a_wrong_key_is_told_where_one_read_needs_none(status: int, document: Described | None) -> None:
    model = catalogue(NOTES.replace("  create_note:", f"{ONE_OPEN}  create_note:"))

    def partly(request: Request) -> Response:
        return answer(200, {"tags": []}) if request.path == "/tags" else answer(status, {"detail": "key?"})

    found = Host({BASE: partly}, nothing).said(model=model, document=document)
    if status == 403:
        assert found is None, "it may be a missing scope"
        return
    assert found is not None
    assert found.fatal
    assert found.wrong_key
    assert "refuses the key: 401 to GET /notes" in found.says
    assert Host({BASE: Notes()}, nothing).said(model=model, document=document) is None


@pytest.mark.parametrize("closed", ["/notes", ""])
def test_a_read_that_refuses_both_keys_tells_nothing_of_the_second(closed: str) -> None:
    tags = ONE_OPEN.replace("    security: []\n", "")
    setting = setting_of(catalogue(NOTES.replace("  create_note:", f"{tags}  create_note:")), BASE)
    host = Host({BASE: lambda r: answer(401 if r.path == closed else 200, {"tags": []})}, nothing)
    place = Place(BASE, host.way(BASE), host.way, has_key=True)
    assert find_refused_other(setting, place, {"key": KEY}, {"key": "test_key_2"}) is None
    assert len(host.asked) == (3 if closed else 1)


@pytest.mark.parametrize(("key", "code"), [("test_other", 2), (KEY, 0)])
def test_a_wrong_key_is_one_message_and_exit_code_2(tmp_path: Path, key: str, code: int) -> None:
    path = tmp_path / "notes.yaml"
    path.write_text(NOTES)

    def closed(request: Request) -> Response:
        right = any(value == f"Bearer {KEY}" for _, value in request.headers)
        return answer(200, {"notes": []}) if right else answer(401, {"detail": "key?"})

    with served(closed) as url:
        done = subprocess.run(
            [*PGAGENTS, "verify", str(path), "--url", url, "--only", "valid_calls/ordinary/list_notes"],
            env={**os.environ, "PGAGENTS_TOKEN": key},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ("refuses the key" in done.stderr) is bool(code)
    if code:
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.count("error: ") == 1
        assert key not in done.stderr


@pytest.mark.parametrize(
    ("second", "said"),
    [
        pytest.param("test_key_2", "", id="right"),
        pytest.param("test_other", "the server refuses the key of `second`: 401 to GET /notes", id="wrong"),
        pytest.param(KEY, "OTHER has the same key as the main one", id="the same"),
    ],
)
def test_a_second_key_that_shows_nothing_is_one_message(tmp_path: Path, second: str, said: str) -> None:
    """A rental of 2026-11-30 was accused of a 401 that a mistyped key got."""
    roles = "roles: {main: {description: Ada}, second: {description: Bo, project: second}}"
    path = tmp_path / "notes.yaml"
    path.write_text(NOTES.replace("{test_: test}}}}", f"{{test_: test}}}}}}, {roles}}}"))

    def closed(request: Request) -> Response:
        keys = (f"Bearer {KEY}", "Bearer test_key_2")
        right = any(value in keys for _, value in request.headers)
        return answer(200, {"notes": []}) if right else answer(401, {"detail": "key?"})

    with served(closed) as url:
        line = ["--identity", "second=OTHER", "--only", "valid_calls/ordinary/list_notes"]
        done = subprocess.run(
            [*PGAGENTS, "verify", str(path), "--url", url, *line],
            env={**os.environ, "PGAGENTS_TOKEN": KEY, "OTHER": second},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, said in done.stderr) == (2 if said else 0, True), done.stderr
    assert done.stderr.count("error: ") == bool(said)


@pytest.mark.parametrize(
    ("own", "others", "right", "advice"),
    [
        ("/prod", (), "/notes", "add --base-path /"),
        ("/prod", ("/v2",), "/v2/notes", "add --base-path /v2"),
        ("/prod", (), "/api/v1/notes", "add --base-path /api/v1"),
        ("/prod", (), "/else/notes", "the document's own is https://own.example"),
    ],
)
def test_another_base_path_than_the_documents_is_named(
    own: str, others: tuple[str, ...], right: str, advice: str
) -> None:
    model = catalogue(NOTES.replace("/notes", f"{own}/notes"))

    def there(request: Request) -> Response:
        return answer(200, {"notes": []}) if request.path == right else nothing(request)

    host = Host({}, there)
    found = host.said(model=model, document=Described((), (own, *others), "https://own.example"))
    assert found is not None
    assert advice in found.help
    assert all(asked.startswith(BASE) for asked in host.asked)
    assert len(host.asked) <= 3 + module.MOST_BASES * 2


def test_a_question_has_the_key_so_that_its_answer_is_about_the_path() -> None:
    def guarded(request: Request) -> Response:
        return answer(401, {}) if not request.header("Authorization") else nothing(request)

    found = Host({}, guarded).said()
    assert found is not None
    assert "every path answers 404" in found.says


def test_a_server_that_is_busy_is_for_the_run():
    for status in (429, 503):
        host = Host({BASE: page(status)}, nothing)
        assert host.said() is None
        assert len(host.asked) == 1


def test_likely_base_urls_are_few_and_never_the_given_one():
    for given in (BASE, f"{BASE}/v1", f"{BASE}/api/v1"):
        listed = list(likely(given, "https://prod.example.com/api/v1", ["/notes", "/notes/{id}"]))
        assert given not in listed
        assert len(listed) == len(set(listed)) <= module.MOST_BASES + 3


# -- the command
# ----------------------------------------------------------------------------------------------------


def told(tmp_path: Path, url: str, key: str = KEY, *words: str) -> tuple[int, str, str]:
    path = tmp_path / "notes.yaml"
    path.write_text(NOTES, encoding="utf-8")
    done = subprocess.run(
        [*PGAGENTS, "verify", str(path), "--url", url, *words],
        env={**os.environ, "PGAGENTS_TOKEN": key}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


LARGE = Silence("too-large", "the body has more than 4,000,000 bytes", begun=True)
ENDLESS = Silence("timeout", "timed out", begun=True)
MUTE = Silence("timeout", "timed out")
TWO_READS = """  list_more:
    {title: List more, description: Lists more., http: GET /more, effect: read, output: {200: {type: object}}}
surfaces: {rest: {actions: all}}"""


@pytest.mark.parametrize("first", [LARGE, ENDLESS, MUTE, Silence("reset", "")], ids=lambda s: s.kind)
def test_one_answer_is_not_the_server(first: Silence):
    """If the first read gets no whole answer, another one may show that the server is there."""
    model = catalogue(NOTES, ("surfaces: {rest: {actions: all}}", TWO_READS))
    host = Host({BASE: lambda request: first if request.path == "/notes" else answer(200, {})}, nothing)
    assert host.said(model=model) is None
    assert f"{BASE}/more" in host.asked


@pytest.mark.parametrize(("first", "came"), [(LARGE, "more than 4,000,000 bytes"), (ENDLESS, "timed out")])
def test_a_server_whose_only_read_has_no_end_is_there_all_the_same(first: Silence, came: str):
    trouble = Host({BASE: lambda _: first}, nothing).said()
    assert trouble is not None
    assert not trouble.fatal
    assert trouble.says.startswith("GET /notes: status and headers came, and then ")
    assert came in trouble.says


def test_a_server_that_answers_no_read_at_all_does_not_answer():
    trouble = Host({BASE: lambda _: MUTE}, nothing).said()
    assert trouble is not None
    assert trouble.fatal
    assert "does not answer" in trouble.says


def _drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--url", "{url}"], 3, "the time that --max-time allows is over"),
        (["--url", "{url}", "--openapi", "{url}/openapi.json"], 2, "was not read within"),
        (["--mcp-url", "{url}/mcp"], 3, "did not open: timeout: status and headers came"),
        (["--mcp-stdio", f"{sys.executable} -c 'import time; time.sleep(600)'"], 3, "did not open: timeout"),
    ],
    ids=["API", "document", "MCP over HTTP", "MCP over stdio"],
)
def test_the_time_of_a_run_bounds_its_opening_too(tmp_path: Path, words: list[str], code: int, says: str):
    """Each of these waited for the usual time-out of 30 s. The message shows that it was not this one."""
    path = tmp_path / "notes.yaml"
    path.write_text(NOTES, encoding="utf-8")
    with hostile(_drip) as url:
        given = [word.replace("{url}", url) for word in words]
        of = [str(path)] if given[0] == "--url" and "--openapi" not in given else []
        done = subprocess.run(
            [*PGAGENTS, "verify", *of, *given, "--max-time", "2"],
            env={**os.environ, "PGAGENTS_TOKEN": KEY}, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert "30 s" not in done.stderr
    assert says in done.stdout + done.stderr


def test_nobody_there_is_one_error_and_exit_code_3(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code, out, err = told(tmp_path, f"http://127.0.0.1:{port}")
    assert (code, out) == (3, "")
    assert err == (
        f"error: nothing listens at 127.0.0.1:{port}: Connection refused\n  help: start the server, "
        "or check host and port of --url\n"
    )


def test_an_unknown_host_is_called_so(tmp_path: Path):
    code, out, err = told(tmp_path, "http://no-such-host.invalid")
    assert (code, out) == (3, "")
    assert err.startswith("error: there is no host no-such-host.invalid")


def test_tls_on_a_plain_port_asks_whether_it_is_http(tmp_path: Path):
    with served(Notes()) as url:
        code, out, err = told(tmp_path, url.replace("http:", "https:"))
    assert (code, out) == (3, "")
    assert f"help: is it http? give --url {url}\n" in err


@pytest.mark.matrix
def test_http_on_a_tls_port_asks_whether_it_is_https(tmp_path: Path):
    import ssl

    import trustme

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(60)
                    with contextlib.suppress(OSError):
                        context.wrap_socket(connection, server_side=True).close()

        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        plain = told(tmp_path, f"http://127.0.0.1:{port}")
        untrusted = told(tmp_path, f"https://127.0.0.1:{port}")
    assert (plain[0], plain[1]) == (3, "")
    assert f"help: is it https? give --url https://127.0.0.1:{port}\n" in plain[2]
    assert (untrusted[0], untrusted[1]) == (3, "")
    assert "is not trusted" in untrusted[2]
    assert "--cacert" in untrusted[2]


def test_a_wrong_key_is_one_error_that_does_not_repeat_it(tmp_path: Path):
    with served(Notes()) as url:
        code, out, err = told(tmp_path, url, "test_of_another_server")
    assert (code, out) == (2, "")
    assert err.startswith("error: the server is there and refuses the key: 401")
    assert "test_of_another_server" not in err


def test_a_bound_on_requests_counts_the_first_one_too(tmp_path: Path):
    server = Notes()
    with served(server) as url:
        told(tmp_path, url, KEY, "--max-requests", "9")
    assert len(server.log) <= 9
