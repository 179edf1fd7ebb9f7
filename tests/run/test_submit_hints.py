"""A submission of the letters is refused for each bug that a hint denies, with that hint and its reason."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import httpx
import pytest

import letters_api
from calling import served
from lengths import MATRIX, in_company
from letters_api import HABITS, KEY, Letters
from pgagents.cli.main import main
from test_hints import FOUND_BY

SURFACES = """\
surfaces:
  rest: {actions: all}
  mcp: {actions: all, server: {package: "npm:letters-mcp"}, env: {key: LETTERS_KEY, url: LETTERS_URL}}
  anthropic:
    actions: all
    listing:
      description: Letters of a person, to write, read, find, label and put into the archive.
      category: productivity
      developer: {name: Letters}
      privacy: https://letters.example/privacy
      license: MIT
"""
HINTS = {
    "hint_read_only": "readOnlyHint: true",
    "hint_idempotent": "idempotentHint: true",
    "hint_not_destructive": "destructiveHint: false",
    "hint_closed_world": "openWorldHint: false",
}
FIRST = "link-is-fetched"
"""The bug that is tried at every push. Each bug breaks its hint there in `test_hints.py`."""


def action_of(contract: str) -> str:
    return contract.partition("@")[0].rpartition("/")[2]


def fetch(url: str) -> None:
    httpx.post(url, content=b"", timeout=600)


@contextmanager
def letters(folder: Path, monkeypatch: pytest.MonkeyPatch, **more: frozenset[str]) -> Iterator[list[str]]:
    """Serve the letters; yields the words of a submission of them."""
    catalogue = folder / "letters.yaml"
    text = letters_api.CATALOGUE
    assert "surfaces: {rest: {actions: all}}\n" in text
    catalogue.write_text(text.replace("surfaces: {rest: {actions: all}}\n", SURFACES))
    monkeypatch.setenv("PGAGENTS_TOKEN", KEY)
    command = f"{sys.executable} -m pgagents mcp {catalogue}"
    with served(Letters(fetch=fetch, **more)) as url:
        words = ["submit", "claude", str(catalogue), "--url", url, "--mcp-stdio", command]
        yield [*words, "--receiver", "auto-http", "--out", str(folder / "out")]


FIRST_OF_EACH = {contract: name for name, contract in reversed(FOUND_BY.items())}
"""The first bug that breaks each contract: a submission sees the broken contract, not the bug."""
BY_ACTION = {
    action: tuple(name for contract, name in FIRST_OF_EACH.items() if action_of(contract) == action)
    for action in map(action_of, FIRST_OF_EACH)
}
APART = [names for several in zip_longest(*BY_ACTION.values()) if (names := tuple(filter(None, several)))]
"""Bugs of different actions share a submission."""


@pytest.mark.parametrize(
    "names", [(FIRST,), *(pytest.param(names, marks=MATRIX) for names in APART)], ids="+".join
)
def test_submission_is_refused_with_the_hint_that_a_bug_breaks(
    names: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with letters(tmp_path, monkeypatch, bugs=frozenset(names)) as words:
        assert main(words) == 1
    err = capsys.readouterr().err
    for contract in (FOUND_BY[name] for name in names):
        says = HINTS[contract.partition("/")[0]]
        assert f"{action_of(contract)} says {says}, and it is not so: " in err
    assert not (tmp_path / "out").exists()


EXPIRING = "expiring-letters"
UNDECLARED = HABITS.keys() - {"declared-views", EXPIRING}
"""The habits that need no word in the catalogue, and keep what a call could destroy."""
TOGETHER = 3


@pytest.mark.matrix
@pytest.mark.parametrize("names", [(), (EXPIRING,), *in_company(UNDECLARED, TOGETHER, 0)], ids="+".join)
def test_legal_habits_let_the_letters_be_packed(
    names: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with letters(tmp_path, monkeypatch, habits=frozenset(names)) as words:
        code = main(words)
    err = capsys.readouterr().err
    assert "it is not so" not in err
    if EXPIRING in names:  # what a call could destroy is gone before it can be compared
        assert (code, err.count("error[")) == (1, err.count("and nothing shows it"))
        return
    assert code == 0, err
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "letters-1.0.0.zip", "letters-1.0.0.mcpb", "evidence.html",
    }  # fmt: skip
    page = (tmp_path / "out" / "evidence.html").read_text(encoding="utf-8")
    assert "events were not looked at: the catalogue declares none" in page


@pytest.mark.matrix
def test_without_a_receiver_nothing_shows_a_closed_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not a test that failed, and Claude's directory does not read this hint."""
    with letters(tmp_path, monkeypatch) as words:
        at = words.index("--receiver")
        assert main([*words[:at], *words[at + 2 :]]) == 0, capsys.readouterr().err
    page = (tmp_path / "out" / "evidence.html").read_text(encoding="utf-8")
    assert "needs an address where calls would arrive: add --receiver auto" in page
