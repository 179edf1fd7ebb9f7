"""A key that the server refuses ends the run early, also where some actions answer whatever the key is."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from calling import served
from pgagents.base.http import Request, Response, json_bytes
from small_api import KEY
from test_verify_openapi import run_verify

PLACES = ("trees", "roots", "leaves", "stems", "buds")


def document(*open_paths: str, writes: int = 0, declares_key: bool = True) -> str:
    """Return an OpenAPI document whose calls all need a key, as it says; it never mentions 401."""
    answer = {"content": {"application/json": {"schema": {"type": "object", "required": ["name"]}}}}
    paths = {
        f"/{name}": {
            "get": {
                "operationId": f"get{name.title()}",
                "responses": {"200": {"description": "It.", **answer}},
            }
        }
        for name in (*open_paths, *PLACES)
    }
    made = {"204": {"description": "Done."}}
    paths |= {f"/deeds/{n}": {"post": {"operationId": f"add{n}", "responses": made}} for n in range(writes)}
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "A garden", "version": "1"},
            "security": [{"key": []}] if declares_key else [],
            "paths": paths,
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        }
    )


class Garden:
    """A server with some open reads. It may refuse the right key at some actions, and lack what its document
    requires.
    """

    def __init__(
        self,
        *open_paths: str,
        refused: tuple[str, ...] = (),
        wrong: bool = False,
        writes: int = 0,
        declares_key: bool = True,
    ) -> None:
        self.open, self.refused, self.wrong, self.writes = open_paths, refused, wrong, writes
        self.document = document(*open_paths, writes=writes, declares_key=declares_key)
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        name = request.path.strip("/")
        if name not in (*self.open, *PLACES):
            return _say(404, {"detail": "no such path"})
        if request.method != "GET":
            return _say(405, {"detail": "no such method"})
        right = request.header("Authorization") in (f"Bearer {KEY}", f"bearer {KEY}")
        if name not in self.open and (not right or name in self.refused):
            return _say(401, {"detail": "who are you?"})
        return _say(200, {} if self.wrong else {"name": name})


def _say(status: int, body: object) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(folder: Path, server: Garden, key: str, *words: str) -> tuple[int, str, Counter[str]]:
    """Return the exit code, the whole output, and the number of contracts by verdict."""
    (folder / "garden.json").write_text(server.document, encoding="utf-8")
    with served(server) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr("test_verify_openapi.KEY", key)
        patch.setattr("test_verify_openapi.DOCUMENT", server.document)
        code, out, err = run_verify(folder, url, "--openapi", "garden.json", *words, name="garden.json")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return code, out + err, Counter(result["verdict"] for result in report["results"])


@pytest.mark.parametrize("workers", ["1", "4"])
def test_a_wrong_key_ends_the_run_though_some_reads_are_open(tmp_path: Path, workers: str) -> None:
    server = Garden("about", "health")
    code, said, counts = run(tmp_path, server, "a-wrong-key", "--workers", workers)
    assert code == 3
    assert "the server refused the key: " in said
    assert "actions answered 401 with this key; the other" in said
    assert (counts["broken"], counts["kept"]) == (0, 0)
    assert "[response_schema/" not in said
    assert len(server.requests) < 25


@pytest.mark.parametrize("workers", ["1", "4"])
def test_what_a_refused_key_takes_back_is_not_told_before(tmp_path: Path, workers: str) -> None:
    """The open reads break the document, and are called before the first 401."""
    server = Garden("about", "health", wrong=True)
    code, said, counts = run(tmp_path, server, "a-wrong-key", "--workers", workers)
    assert code == 3
    assert "the server refused the key: " in said
    assert counts["broken"] == 0
    assert "[response_schema/" not in said
    paths = [request.path for request in server.requests]
    assert paths.index("/about") < paths.index("/trees")


def test_what_the_right_key_shows_is_told_during_the_run(tmp_path: Path) -> None:
    """It is told on a line of its own, which the report does not have."""
    _, said, counts = run(tmp_path, Garden("about", "health", wrong=True), KEY)
    assert counts["broken"] > 0
    told = [line for line in said.splitlines() if "undocumented[response_schema/200/" in line]
    assert [line for line in told if "; curl -sS" in line]


def test_writes_that_are_not_sent_keep_no_finding_back(tmp_path: Path) -> None:
    """If no call shows that the key makes a difference, half of the reads must answer first."""
    _, said, counts = run(tmp_path, Garden(*PLACES, wrong=True, writes=30), KEY)
    assert counts["broken"] > 0
    told = [line for line in said.splitlines() if "undocumented[response_schema/200/" in line]
    assert [line for line in told if "; curl -sS" in line]


def test_a_key_that_no_call_takes_keeps_no_finding_back(tmp_path: Path) -> None:
    """The document declares no key, and one is set all the same."""
    server = Garden(*PLACES, wrong=True, declares_key=False)
    _, said, counts = run(tmp_path, server, KEY)
    assert counts["broken"] > 0
    told = [line for line in said.splitlines() if "undocumented[response_schema/200/" in line]
    assert [line for line in told if "; curl -sS" in line]
    assert not any(request.header("Authorization") for request in server.requests)


def test_the_right_key_is_not_doubted(tmp_path: Path) -> None:
    _, said, counts = run(tmp_path, Garden("about", "health"), KEY)
    assert "401" not in said.partition("note:")[2]
    assert "refused the key" not in said
    assert counts["kept"] > 0


@pytest.mark.parametrize("refused", [("trees", "roots", "leaves"), ("trees", "roots", "leaves", "stems")])
def test_a_key_of_few_rights_is_no_wrong_one(tmp_path: Path, refused: tuple[str, ...]) -> None:
    """An action that needs the key and accepts it shows that the key is right."""
    _, said, counts = run(tmp_path, Garden("about", refused=refused), KEY)
    assert "refused the key" not in said
    assert counts["kept"] > 0


def test_few_actions_that_refuse_the_key_are_named_first(tmp_path: Path) -> None:
    server = Garden(*(f"open{number}" for number in range(8)))
    _, said, _ = run(tmp_path, server, "a-wrong-key")
    note = next(line for line in said.splitlines() if line.startswith("note: "))
    assert note.startswith("note: 5 of 13 actions answered 401 with this key")


def test_as_many_open_actions_as_refusing_ones_do_not_end_the_run(tmp_path: Path) -> None:
    _, said, _ = run(tmp_path, Garden(*(f"open{number}" for number in range(len(PLACES)))), "a-wrong-key")
    assert "refused the key" not in said
    assert f"{len(PLACES)} of {2 * len(PLACES)} actions answered 401 with this key" in said


def test_three_refusing_actions_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.PLACES", PLACES[:3])
    code, said, _ = run(tmp_path, Garden("about", "health"), "a-wrong-key")
    assert code == 3
    assert "refused the key: 3 of 5 actions answered 401 with this key; the other 2" in " ".join(said.split())
