"""A list of the mock costs what has changed, not what is there."""

from __future__ import annotations

import json
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from pgagents.base.cel.expression import Scope
from pgagents.sandbox.mock import rows as mock_rows
from pgagents.sandbox.mock.answers import Lawful
from pgagents.sandbox.mock.rows import RowKey
from sandboxes import Caller

COUNT = 40


def _fill(caller: Caller, kind: str, **row: Any) -> Any:
    mock = caller.sandbox.front.domain.__self__
    [found] = caller.sandbox.front.store.rows("SELECT tenant FROM instance WHERE kind = ? LIMIT 1", kind)
    with caller.sandbox.front.store.transaction():
        for n in range(COUNT):
            key = RowKey(kind, str(1000 + n), found["tenant"])
            mock.rows.add(key, {**row, "id": row["id"](1000 + n)})
    return mock, found["tenant"]


def test_a_list_reads_only_the_rows_that_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    caller, read = Caller("notes"), []

    def loads(text: str) -> Any:
        read.append(text)
        return json.loads(text)

    mock, tenant = _fill(caller, "note", id=str, text="before")
    first = caller.data("GET", "/notes")
    monkeypatch.setattr(mock_rows, "json", SimpleNamespace(loads=loads, dumps=json.dumps))
    assert caller.data("GET", "/notes") == first
    assert read == []
    with caller.sandbox.front.store.transaction():
        mock.rows.change(RowKey("note", "1007", tenant), {"id": "1007", "text": "after"})
    after = caller.data("GET", "/notes")
    assert [note["id"] for note in after["notes"] if note["text"] == "after"] == ["1007"]
    assert len(read) == 1
    assert "after" in read[0]


def test_a_list_after_a_call_that_was_undone_shows_what_was_there() -> None:
    caller = Caller("notes")
    mock, tenant = _fill(caller, "note", id=str, text="before")
    first = caller.data("GET", "/notes")
    with suppress(ZeroDivisionError), caller.sandbox.front.store.transaction():
        mock.rows.remove(RowKey("note", "1007", tenant))
        assert len(mock.rows.all("note", tenant)) == len(first["notes"]) - 1
        raise ZeroDivisionError
    assert caller.data("GET", "/notes") == first


def test_a_fault_that_changes_the_rows_of_a_list_changes_no_other_sandbox() -> None:
    """Sandboxes of one process share what was parsed of a row."""
    for faults, available in ((["list-lags-behind"], 120), ([], 119)):
        caller = Caller("tickets", faults=faults)
        assert caller.data("GET", "/v1/shows")["shows"][0]["available"] == 120
        caller.data("POST", "/v1/holds", {"show_id": "sh_hamlet00"}, status=201)
        assert caller.data("GET", "/v1/shows")["shows"][0]["available"] == available


def test_laws_of_a_list_are_not_prepared_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    caller, made = Caller("library"), []
    scope = Lawful.scope
    monkeypatch.setattr(Lawful, "scope", lambda *given, **named: made.append(1) or scope(*given, **named))
    target = "/titles?sort=-id&q=a&per_page=50"
    caller.data("GET", target, key=None, X_API_Key=caller.tokens["unlimited"])
    few = len(made)
    _fill(caller, "title", id=int, title="A Tale", authors=[], isbn=None, subjects=[], published_year=None,
          copies=1, available=1, created_at="2026-11-21T09:30:00Z")  # fmt: skip
    shown = caller.data("GET", target, key=None, X_API_Key=caller.tokens["unlimited"])
    assert shown["total"] >= COUNT
    assert len(made) == 2 * few


def test_a_list_that_a_law_sorts_by_a_member_evaluates_no_law_for_each_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caller, asked = Caller("library"), []
    evaluate = Scope.evaluate
    monkeypatch.setattr(Scope, "evaluate", lambda *given: asked.append(1) or evaluate(*given))
    target = "/titles?sort=-id&per_page=50"
    caller.data("GET", target, key=None, X_API_Key=caller.tokens["unlimited"])
    few = len(asked)
    _fill(caller, "title", id=int, title="A Tale", authors=[], isbn=None, subjects=[], published_year=None,
          copies=1, available=1, created_at="2026-11-21T09:30:00Z")  # fmt: skip
    shown = caller.data("GET", target, key=None, X_API_Key=caller.tokens["unlimited"])
    ids = [one["id"] for one in shown["titles"]]
    assert ids == sorted(ids, reverse=True)
    assert len(asked) - few <= few
