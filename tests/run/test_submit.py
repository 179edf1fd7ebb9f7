"""`pgagents submit`: a package is proved through the MCP server and packed, or refused with reasons."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hosted_tools import Hosted, hosted_tools
from pgagents.base.http import Request, Response
from pgagents.cli.main import main
from pgagents.submit import public
from pgagents.verify.wire.send import Client
from verifying import PARK_GRAPH, ROOT

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
ICON = LIBRARY.with_name("library.png")
PUBLIC = "https://api.lending.example/v1/mcp"
HOSTED = f', url: "{PUBLIC}", security: []'
"""The part of its entry that makes the library's server a hosted one."""
REASON = "{value: read, reason: It returns the record of one patron and writes nothing.}"


def library(*changes: tuple[str, str], reasoned: bool = True) -> str:
    """The library; nothing shows one of its hints, so it has a reason."""
    text = LIBRARY.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    if reasoned:
        at = text.index("effect: read", text.index("\n  get_patron:"))
        text = f"{text[:at]}effect: {REASON}{text[at + len('effect: read') :]}"
    return text


def put(catalogue: Path, text: str) -> None:
    """Write a catalogue, with the library's icon beside it."""
    catalogue.write_text(text)
    catalogue.with_name(ICON.name).write_bytes(ICON.read_bytes())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    folder = tmp_path_factory.mktemp("submit")
    catalogue = folder / "library.yaml"
    put(catalogue, library())
    with hosted_tools(catalogue, folder) as found:
        yield found


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str
    files: dict[str, bytes]

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Submit = Callable[..., Outcome]


@pytest.fixture
def submit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Submit:
    def call(at: Hosted | None, text: str, *words: str, store: str = "openai") -> Outcome:
        catalogue, out = tmp_path / "library.yaml", tmp_path / "out"
        put(catalogue, text)
        given = ["submit", store, str(catalogue), "--out", str(out)]
        if at is not None:
            monkeypatch.setenv("PGAGENTS_TOKEN", at.key)
            monkeypatch.setenv("PGAGENTS_MCP_TOKEN", at.token)
            given += ["--url", at.url, "--mcp-url", at.mcp_url, "--cacert", str(at.cacert)]
        code = main([*given, *words])
        told = capsys.readouterr()
        files = {p.name: p.read_bytes() for p in out.iterdir()} if out.is_dir() else {}
        return Outcome(code, told.out, told.err, files)

    return call


@pytest.mark.matrix
def test_library_over_tls_with_oauth_is_packed_as_proved(running: Hosted, submit: Submit) -> None:
    done = submit(running, library(), "--allow", "place_hold", "--json")
    assert done.code == 0, done.err
    assert set(done.files) == {"lending-desk-1.2.0.zip", "chatgpt-app-submission.json", "evidence.html"}
    data = done.data
    assert data["rung"] == "proved"
    assert {one["outcome"] for one in data["cases"]} == {"kept"}
    assert len(data["cases"]) == 8
    outcomes = {hint["outcome"] for tool in data["tools"] for hint in tool["hints"].values()}
    assert outcomes == {"held", "not shown", "claimed", "no claim"}
    assert any("by OAuth" in line for line in data["unshown"])
    (examples,) = [line for line in data["shown"] if "these examples" in line]
    assert "ferns/list_titles@mcp" in examples
    assert "@rest" not in examples, "a submission calls the examples of tools alone"
    with zipfile.ZipFile(io.BytesIO(done.files["lending-desk-1.2.0.zip"])) as archive:
        assert {"plugin.json", "mcp.json"} <= set(archive.namelist())
        assert PUBLIC in archive.read("mcp.json").decode()
        assert archive.read("assets/icon.png") == ICON.read_bytes()
    page = done.files["evidence.html"].decode()
    assert "proved: " in page
    assert "/.well-known/openai-apps-challenge" in page
    for secret in (running.key, running.token):
        assert secret not in page + done.out + done.err


@pytest.mark.matrix
def test_park_graph_with_a_hosted_server_is_packed_as_proved(tmp_path: Path, submit: Submit) -> None:
    text = PARK_GRAPH.read_text(encoding="utf-8")
    package = "    server: parkgraph-mcp\n"
    env = "    env: {key: PARKGRAPH_API_KEY, url: PARKGRAPH_API_URL}\n"
    assert package in text
    assert env in text
    hosted = '    server: {url: "https://mcp.parkgraph.example/mcp", version: 1.0.0}\n'
    text = text.replace(package, hosted).replace(env, "")
    catalogue = tmp_path / "hosted.yaml"
    catalogue.write_text(text, encoding="utf-8")
    with hosted_tools(catalogue, tmp_path, key="unlimited") as at:
        done = submit(at, text, "--json")
    assert done.code == 0, done.err
    assert done.data["rung"] == "proved"
    assert [one["outcome"] for one in done.data["cases"]] == ["kept"] * 8
    outcomes = [hint["outcome"] for tool in done.data["tools"] for hint in tool["hints"].values()]
    assert outcomes.count("held") > 20
    assert set(outcomes) == {"held", "not shown", "claimed", "no claim"}


@pytest.mark.matrix
def test_check_writes_nothing(running: Hosted, submit: Submit) -> None:
    done = submit(running, library(), "--allow", "place_hold", "--check")
    assert (done.code, done.files) == (0, {}), done.err
    assert "could be packed" in done.err


@pytest.mark.matrix
def test_hint_that_nothing_shows_needs_the_authors_reason(running: Hosted, submit: Submit) -> None:
    done = submit(running, library(reasoned=False), "--allow", "place_hold")
    assert (done.code, done.files) == (1, {})
    assert "get_patron says readOnlyHint: true, and nothing shows it" in done.err
    assert "error[openai-portal/annotations_required]" in done.err
    assert "1 thing falls short" in done.err


@pytest.mark.matrix
def test_case_that_does_not_come_out_is_refused_at_its_line(running: Hosted, submit: Submit) -> None:
    wrong = ('["Jon Berg", "Li Tan"]', '["Somebody Else"]')
    done = submit(running, library(wrong), "--allow", "place_hold", "--json")
    assert (done.code, done.files) == (1, {})
    (lack,) = [one for one in done.data["lacks"] if one["severity"] == "error"]
    assert lack["code"] == "openai-portal/rule-test-case"
    text = library(wrong).splitlines()
    assert "one_title" in text[lack["source"]["line"] - 1]


def test_tool_that_differs_is_refused_before_anything_is_called(running: Hosted, submit: Submit) -> None:
    done = submit(running, library(("title: List titles", "title: List all titles")))
    assert (done.code, done.files) == (1, {})
    assert "the server lists list_titles with #/" in done.err
    assert "only the list of tools was read" in done.err
    assert "error[openai-portal/scan_required]" in done.err


class Changing:
    """The application with another description of a tool, once it has answered some requests."""

    def __init__(self, app: Any, after: int) -> None:
        self.app, self.left = app, after

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def change(message: Any) -> None:
            if message["type"] == "http.response.body" and self.left < 0 and message.get("body"):
                other = message["body"].replace(b"Show a title", b"See a title!")
                assert len(other) == len(message["body"])
                message = {**message, "body": other}
            await send(message)

        self.left -= scope["type"] == "http" and scope["path"] == "/mcp"
        await self.app(scope, receive, change)


@pytest.mark.matrix
def test_server_that_changes_its_tools_while_it_is_proved_is_refused(tmp_path: Path, submit: Submit) -> None:
    catalogue = tmp_path / "first.yaml"
    text = library()
    title = re.search(r"\n  get_title:\n    title: (.*)\n", text)
    assert title
    text = text.replace(title[0], title[0].replace(title[1], "Show a title"))
    put(catalogue, text)
    with hosted_tools(catalogue, tmp_path, wrap=lambda app: Changing(app, 20)) as at:
        done = submit(at, text, "--allow", "place_hold")
    assert (done.code, done.files) == (1, {})
    assert "the server changed its tools while it was proved: get_title has another definition" in done.err


def _answer(request: Request) -> Response:
    if request.path == "/.well-known/openai-apps-challenge":
        return Response(200, (("Content-Type", "text/plain"),), b"token-of-the-form\n")
    return Response(200, (("Content-Type", "text/html"),), b"<title>Lending Desk</title> a page with words")


@contextmanager
def _public(monkeypatch: pytest.MonkeyPatch, at: Hosted, **pages: Response) -> Iterator[list[Request]]:
    """Let this machine count as public, and let the listing's pages answer."""
    seen: list[Request] = []

    def pages_of(request: Request) -> Response:
        seen.append(request)
        return pages.get(request.path.strip("/"), _answer(request))

    def reach(base: str) -> Any:
        return pages_of if "lending.example" in base else Client(base, cacert=str(at.cacert))

    monkeypatch.setattr(public, "reach", reach)
    monkeypatch.setattr(public.Visitor, "find_private", lambda _self, _url: "")
    yield seen


def test_public_host_without_its_challenge_and_pages_is_not_ready(
    running: Hosted, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _public(monkeypatch, running, privacy=Response(404, (), b"")) as seen:
        done = submit(running, library(), "--public", "--challenge", "another-token")
    assert (done.code, done.files) == (1, {})
    assert "the page `privacy` at https://lending.example/privacy cannot be read: it answers 404" in done.err
    assert "the MCP server was proved at" in done.err
    assert "the server was not tried" in done.err
    assert not [r for r in seen if r.header("Authorization")]


@pytest.mark.matrix
def test_public_host_that_has_all_makes_it_ready(
    running: Hosted, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package never names this machine, so the addresses are tested apart."""
    monkeypatch.setattr(public, "check_addresses", lambda *_: ())
    with _public(monkeypatch, running, privacy=_answer(Request("GET", "/privacy"))) as seen:
        reach = public.reach

        def reach_challenge(base: str) -> Any:
            handler = reach(base)
            return lambda r: _answer(r) if r.path.endswith("openai-apps-challenge") else handler(r)

        monkeypatch.setattr(public, "reach", reach_challenge)
        words = ["--public", "--challenge", "token-of-the-form", "--allow", "place_hold"]
        done = submit(running, library(), *words)
    assert done.code == 0, done.err
    assert "ready: " in done.err
    assert "Seen of the public host" in done.files["evidence.html"].decode()
    assert not [r for r in seen if r.header("Authorization")]


WRONG: Mapping[str, tuple[list[str], str]] = {
    "an unknown store": (["opnai"], "there is no store `opnai`"),
    "a file for a folder": (["openai", "--out", str(LIBRARY)], "is a file"),
    "a challenge without its place": (["openai", "--challenge", "x"], "add --public"),
    "two servers": (["openai", "--mcp-url", "https://a.example/mcp", "--mcp-stdio", "x"], "give one of them"),
    "no address of the tools": (["gemini"], "nothing tells where that is"),
    "an address that is none": (["gemini", "--mcp-url", "nowhere"], "--mcp-url"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_one_message_and_exit_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, said = WRONG[name]
    catalogue = tmp_path / "library.yaml"
    put(
        catalogue, library((HOSTED, ""), ("    mcp/server-card.json: /mcp/server-card\n", ""), reasoned=False)
    )
    assert main(["submit", words[0], str(catalogue), "--url", "http://127.0.0.1:1", *words[1:]]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("missing", ["--url", "listing"])
def test_missing_input_is_named(missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = tmp_path / "notes.yaml"
    catalogue.write_text((ROOT / "tests" / "catalogues" / "notes.yaml").read_text())
    words = ["openai", str(catalogue), "--url", "http://127.0.0.1:1"]
    assert main(["submit", *(words if missing == "listing" else ["openai", str(LIBRARY)])]) == 2
    err = capsys.readouterr().err
    assert ("has no listing for ChatGPT's plugin directory" if missing == "listing" else "'--url'") in err


def test_server_that_users_start_cannot_be_listed_with_openai(submit: Submit) -> None:
    text = library((HOSTED, ""), reasoned=False)
    done = submit(None, text, "--url", "http://127.0.0.1:1", "--mcp-stdio", "true")
    assert (done.code, done.files) == (1, {})
    assert "connects to a hosted MCP server only" in done.err
    assert "no request was sent" in done.err


def test_proposed_prompt_stops_a_submission(submit: Submit) -> None:
    prompt = "prompt: Who wrote Maps of the North?"
    text = library((prompt, f"{prompt}\n          draft: true"))
    done = submit(None, text, "--url", "http://127.0.0.1:1", "--mcp-url", "http://127.0.0.1:1/mcp")
    assert (done.code, done.files) == (1, {})
    assert "the prompt of the case `one_title` is only proposed" in done.err
