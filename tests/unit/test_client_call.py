"""`pgagents call` on a served sandbox: what is printed, and the exit code."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calling import Script, answered, sandboxed, served
from pgagents.base.http import Request, Response
from pgagents.cli.main import main
from pgagents.client.attempts import Patience
from sandboxes import ROOT, VAIL, Caller

VAIL_WORDS = ["lat=39.6403", "lng=-106.3742", "radius_km=1.5", "limit=5"]
CATALOGUE = str(ROOT / "catalogue/park_graph.yaml")
SHOP = str(ROOT / "tests/catalogues/shop.yaml")


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Caller, str]]:
    caller, _ = sandboxed()
    with served(caller.sandbox.handler) as url:
        yield caller, url


@pytest.fixture
def call(
    place: tuple[Caller, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    caller, url = place
    monkeypatch.delenv("PGAGENTS_TOKEN", raising=False)
    monkeypatch.setenv("PARKGRAPH_API_KEY", caller.tokens["unlimited"])
    monkeypatch.setenv("PARKGRAPH_API_URL", url)

    def run(*words: str, stdin: str = "") -> tuple[int, Any, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main(["call", *words, "--catalogue", CATALOGUE])
        told = capsys.readouterr()
        return code, json.loads(told.out) if told.out else None, told.err

    return run


def test_answer_is_printed_as_json(call: Any, place: tuple[Caller, str]) -> None:
    code, data, err = call("search_parking", *VAIL_WORDS)
    assert code == 0
    assert data == place[0].data("GET", VAIL)
    assert err == ""


def test_values_are_read_as_the_schema_wants_them(call: Any) -> None:
    code, data, _ = call("search_parking", *VAIL_WORDS, "autonomous_entry=true")
    assert code == 0
    assert all(lot["autonomous_entry"] for lot in data["lots"])
    code, data, _ = call(
        "create_session",
        "lot_id=lot_cascade",
        "plate=1234",
        'vehicle={"autonomous": true}',
        "hours:=1.5",
        "--yes",
    )
    assert code == 0
    assert data["session"]["plate"] == "1234"
    assert data["session"]["vehicle"]["autonomous"] is True


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["get_session", "session_id=sess_0"], 1, "NOT_FOUND"),
        (["search_parking", "lat=x", "lng=1"], 2, "invalid_arguments"),
        (["search_parking", "lat=1", "lng=1", "near=here"], 2, "invalid_arguments"),
        (["end_session", "session_id=s", "session_code=c"], 2, "confirmation_required"),
        (["search_parking", "lat=1", "lng=1", "--url", "http://127.0.0.1:9"], 3, "unreachable"),
    ],
)
def test_refusals_are_printed_and_told_by_the_exit_code(
    call: Any, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, expected: str
) -> None:
    monkeypatch.setattr("pgagents.client.client.Patience", lambda: Patience(attempts=1))
    found, data, _ = call(*words)
    assert found == code
    assert data["error"]["code"] == expected


def test_missing_key_is_told_with_the_next_step(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARKGRAPH_API_KEY")
    code, data, err = call("search_parking", *VAIL_WORDS)
    assert code == 2
    assert data["error"]["code"] == "no_key"
    assert "export PGAGENTS_TOKEN=" in err


def test_token_of_pgagents_goes_before_the_catalogues_own(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGAGENTS_TOKEN", "pk_test_wrong")
    code, data, err = call("search_parking", *VAIL_WORDS)
    assert code == 1
    assert data["error"]["status"] == 401
    assert "pk_test_wrong" not in json.dumps(data) + err


@pytest.mark.parametrize(
    "vendor", ["anthropic", "gemini", "openai", "openai-responses", "perplexity", "xai", "xai-responses"]
)
def test_call_is_answered_in_a_vendors_form(call: Any, vendor: str) -> None:
    code, data, _ = call("search_parking", *VAIL_WORDS, "--as", vendor)
    assert code == 0
    assert "lot_lionshead" in json.dumps(data)
    code, data, _ = call("get_session", "session_id=sess_0", "--as", vendor)
    assert code == 1
    assert "NOT_FOUND" in json.dumps(data)


def test_message_of_a_vendor_comes_from_standard_input_or_a_file(call: Any, tmp_path: Path) -> None:
    message = {"type": "tool_use", "id": "toolu_1", "name": "get_rates", "input": {"lot_id": "lot_lionshead"}}
    code, data, _ = call("--as", "anthropic", "--json", "-", stdin=json.dumps(message))
    assert code == 0
    assert data["tool_use_id"] == "toolu_1"
    file = tmp_path / "m.json"
    file.write_text(json.dumps(message))
    assert call("--as", "anthropic", "--json", str(file))[1] == data


def test_arguments_come_from_a_file_and_words_go_before_it(call: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"lat": 39.6403, "lng": -106.3742, "limit": 5}')
    code, data, _ = call("search_parking", "limit=1", "--json", str(file))
    assert code == 0
    assert len(data["lots"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing argument 'ACTION'"),
        (["--as", "openai"], "Missing argument 'ACTION'"),
        (["lat=1"], "Missing argument 'ACTION'"),
        (["search_parkin"], "did you mean `search_parking`?"),
        (["search_parking", "lat"], "`lat` is not a KEY=VALUE"),
        (["search_parking", "=1"], "`=1` is not a KEY=VALUE"),
        (["search_parking", "lat:=x"], "lat:=x: not JSON"),
        (["search_parking", "--as", "gemni"], "did you mean `gemini`?"),
        (["search_parking", "--json", "no-such-file"], "cannot read --json no-such-file"),
        (["search_parking", "--json", CATALOGUE], "not JSON"),
        (["search_parking", *VAIL_WORDS, "--url", "ftp://x"], "is not an http or https URL"),
        (["get_health", "--as", "gemini"], None),
    ],
)
def test_wrong_calls_are_told_and_exit_2(call: Any, words: list[str], said: str | None) -> None:
    code, data, err = call(*words)
    assert code == 2
    assert "Traceback" not in err
    if said is None:
        assert "unknown_tool" in json.dumps(data)
    else:
        assert said in err
        assert data is None


def test_message_of_another_vendor_is_told(call: Any) -> None:
    code, _, err = call("--as", "openai", "--json", "-", stdin='{"functionCall":{"name":"get_rates"}}')
    assert code == 2
    assert "not a tool call of Chat Completions" in err
    code, _, err = call("--as", "openai", "--json", "-", stdin="[1]")
    assert code == 2


def test_waits_are_told_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGAGENTS_TOKEN", "try_k")
    with served(Script(answered(429, Retry_After="0"), answered(200, {"products": []}))) as url:
        assert main(["call", "search_products", "q=pot", "--catalogue", SHOP, "--url", url]) == 0
    told = capsys.readouterr()
    assert "the API answered 429; attempt 2 of 4" in told.err
    assert json.loads(told.out) == {"products": []}


def test_key_is_sent_to_the_api_and_printed_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Request] = []

    def echo(request: Request) -> Response:
        seen.append(request)
        return answered(422, {"fault": {"kind": "refused", "text": f"got {request.header('Authorization')}"}})

    monkeypatch.setenv("PGAGENTS_TOKEN", "try_secret_key_1")
    with served(echo) as url:
        assert main(["call", "search_products", "--catalogue", SHOP, "--url", url]) == 1
    told = capsys.readouterr()
    assert seen[0].header("Authorization") == "Bearer try_secret_key_1"
    assert "try_secret_key_1" not in told.out + told.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("shop.yaml", "get_product", "product_id=p1"), "pgagents call get_product --catalogue shop.yaml"),
        (("shop.yaml", "limit=5"), "pgagents call ACTION --catalogue shop.yaml"),
        (("shop.yaml",), "pgagents call ACTION --catalogue shop.yaml"),
    ],
)
def test_catalogue_in_the_place_of_the_action_is_told_where_it_belongs(
    words: tuple[str, ...], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Other commands take the catalogue there; that none is in this folder would be untrue."""
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(Path(SHOP).read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["call", *words]) == 2
    said = capsys.readouterr()
    assert line in said.err
    assert "no catalogue here" not in said.err
    assert said.out == ""
