"""`pgagents suggest` says what would let a run see more where it finds nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pgagents.catalogue.load import load_text
from pgagents.cli.suggest import _Destination, _show
from pgagents.suggest.samples import Sample
from pgagents.suggest.session import Suggesting


@cache
def library() -> Any:
    path = Path(__file__).parents[1] / "catalogues" / "library.yaml"
    return load_text(path.read_text(encoding="utf-8"), str(path))


def said(capsys: pytest.CaptureFixture[str], *actions: str) -> tuple[int, str]:
    """Return the exit code and the message for a run in which each of these actions gave one answer."""
    companion = Suggesting.of(library())
    for number, action in enumerate(actions):
        values = {
            "input": {}, "response": {}, "status": 200, "surface": "rest", "now": 1.0, "before": None,
            "env": {}, "headers": {},
        }  # fmt: skip
        companion.samples.by_action[action] = [Sample(action, f"{action}@rest", number, values)]
        companion.samples.count += 1
    footer = SimpleNamespace(left_behind=(), may_exist=(), lasting=(), complete=True, notes=())
    report: Any = SimpleNamespace(findings=(), footer=footer)  # only these are read
    code = _show(companion, report, _Destination(None, write=False), stopped=False)
    return code, capsys.readouterr().err


def test_reads_alone_ask_for_writes(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "list_titles")
    assert (code, text.count("\n")) == (3, 1)
    assert "nothing was found: no write was sent" in text
    assert "--allow-writes" in text


def test_an_action_without_success_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = said(capsys, "list_titles", "place_hold")
    assert "actions had no success, such as " in text


def test_answers_that_are_all_alike_ask_for_variety(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = said(capsys, *(str(a.name) for a in library().actions))
    assert "answers hardly vary; put objects that differ on the server" in text


def test_no_answer_at_all_points_at_verify(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == (3, "no answer could be used: `pgagents verify` shows why\n")
