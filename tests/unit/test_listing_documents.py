"""Stores that keep an OpenAPI document: the two documents ask, and calls by the approved one answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from pgagents.catalogue.load import load_text
from pgagents.generate.build import build
from pgagents.submit.approved import Approved, read_approved
from pgagents.submit.approved_documents import (
    LIFTED,
    Difference,
    Shown,
    compare_documents,
    find_server,
    judge_documents,
    load_approved,
)
from pgagents.submit.listing_guard import StoreOutcome
from verifying import ROOT, model

PATHS = ("openai/openapi.json", "copilot/openapi-3.0.yaml", "agentcore/openapi.json")
Edits = tuple[tuple[str, str], ...]
CATALOGUES = {
    name: ROOT / path
    for name, path in (
        ("library", "tests/catalogues/library.yaml"),
        ("payments", "tests/catalogues/payments.yaml"),
        ("park_graph", "catalogue/park_graph.yaml"),
    )
}
ROUTES: Mapping[str, tuple[Edits, str]] = {
    "library": ((("GET /patrons/{patron_id}", "GET /members/{patron_id}"),), "getPatron"),
    "payments": ((("GET /payments/{payment}", "GET /charges/{payment}"),), "getPayment"),
    "park_graph": (
        (("GET /api/v1/lots/{lot_id}/rates", "GET /api/v1/lots/{lot_id}/prices"),), "getRates",
    ),
}  # fmt: skip
"""By catalogue, an operation that gets another path."""


@cache
def _build(name: str, edits: Edits = ()) -> dict[str, bytes]:
    path = CATALOGUES[name]
    of = model(path)
    if edits:
        text = path.read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        of = load_text(text, path.name)
    return {file.path: file.data for file in build(of).artifacts() if file.path in PATHS}


def _compare(name: str, edits: Edits = ()) -> tuple[Approved, dict[str, list[Difference]]]:
    approved = read_approved(_build(name).get, "approved")
    return approved, compare_documents(approved, _build(name, edits))


def _judge(name: str, edits: Edits, shown: Mapping[str, Shown], why: str = "") -> StoreOutcome:
    """The outcome of the GPT, whose operations calls showed so."""
    approved, changes = _compare(name, edits)
    outcomes = judge_documents(approved, changes, {"gpt": shown}, {"gpt": why})
    return next(one for one in outcomes if one.store == "gpt")


@pytest.mark.parametrize("name", CATALOGUES)
def test_same_document_is_kept_without_a_call(name: str) -> None:
    approved, changes = _compare(name)
    assert "gpt" in changes
    assert not any(changes.values())
    assert {one.outcome for one in judge_documents(approved, changes, {}, {})} == {"kept"}
    assert find_server(approved, "gpt").startswith("https://")
    assert load_approved(approved, "gpt").actions


@pytest.mark.parametrize("name", CATALOGUES)
def test_moved_operation_is_held_unless_the_old_path_is_taken(name: str) -> None:
    edits, operation = ROUTES[name]
    found = _judge(name, edits, {}, "no server is named")
    assert found.outcome == "held"
    assert [(one.subject, one.by) for one in found.reasons] == [(operation, "manifest")]
    assert found.reasons[0].place.startswith("approved/openai/openapi.json:")
    assert [(one.subject, one.why) for one in found.not_tried] == [(operation, "no server is named")]
    assert _judge(name, edits, {operation: Shown(taken=True)}).outcome == "kept"
    refused = _judge(name, edits, {operation: Shown(broken="an ordinary call is accepted: 404")})
    assert [(one.outcome, one.by) for one in refused.reasons] == [("held", "call")]


SORT = (
    ('enum: [id, "-id", year]', 'enum: [id, "-id"]'),
    (
        'by-year:\n        when: input.sort == "year"\n',
        'by-year:\n        when: input.sort == "-id" && false\n',
    ),
    ("input: {sort: year, per_page: 2}", "input: {per_page: 2}"),
)
RENAMED = (
    ("      free: {type", "      on_shelf: {type"),
    ("input.free", "input.on_shelf"),
    ("title_id: 1, free: true", "title_id: 1, on_shelf: true"),
    ('titles[0].id", free: true', 'titles[0].id", on_shelf: true'),
)


def test_value_that_is_refused_now_is_held_although_other_calls_are_taken() -> None:
    found = _judge("library", SORT, {"listTitles": Shown(taken=True)})
    assert [(one.outcome, one.id, one.by) for one in found.reasons] == [("held", "narrower", "manifest")]
    assert found.reasons[0].example == '"year"'


def test_argument_that_may_be_unheard_is_decided_by_its_filter_alone() -> None:
    assert _judge("library", RENAMED, {}).outcome == "open"
    assert _judge("library", RENAMED, {"listCopies": Shown(taken=True)}).outcome == "open"
    assert _judge("library", RENAMED, {"listCopies": Shown(taken=True, filters=True)}).outcome == "kept"
    assert _judge("library", RENAMED, {"listCopies": Shown(broken="free is not heard")}).outcome == "held"


def test_another_key_is_one_reason_for_all_operations() -> None:
    found = _judge("library", (("X-API-Key", "X-Library-Key"),), {})
    assert [(one.subject, one.id) for one in found.reasons] == [("8 operations", "auth-scheme")]


TOTAL = "total_records: {type: integer, minimum: 0, description: How many holds match}"
OFFSET = (
    "offset: {type: integer, minimum: 0, maximum: 100000, default: 0, description: How many holds to leave"
)
OFFSET += " out}"
LEGAL: Mapping[str, tuple[str, str]] = {
    "text": ("List all copies of a title,", "Show all copies of a title,"),
    "optional argument": (OFFSET, f"{OFFSET}\n      whole: {{type: boolean, description: All of it}}"),
    "member of an answer": (
        TOTAL,
        f"{TOTAL}\n          more: {{type: boolean, description: Whether more match}}",
    ),
}


@pytest.mark.parametrize("kind", LEGAL)
def test_legal_change_is_kept_without_a_call(kind: str) -> None:
    found = _judge("library", (LEGAL[kind],), {})
    assert (found.outcome, found.reasons, found.not_tried) == ("kept", (), ())


def test_document_that_is_built_no_more_is_not_decided() -> None:
    approved, _ = _compare("library")
    (first, *_) = judge_documents(approved, {}, {}, {})
    assert (first.outcome, first.reasons[0].id) == ("open", "document-gone")


def test_each_lifted_change_is_one_of_the_table() -> None:
    _, changes = _compare("library", ROUTES["library"][0])
    assert {change.id for several in changes.values() for change in several} <= LIFTED


def test_reasons_that_matter_most_come_first() -> None:
    approved, _ = _compare("library")
    ids = ("answer-wider", "narrower", "action-removed")
    changes = [Difference("breaking", id, ("listTitles",), "differs") for id in ids]
    found = next(one for one in judge_documents(approved, {"gpt": changes}, {}, {}) if one.store == "gpt")
    assert [one.id for one in found.reasons] == ["action-removed", "narrower", "answer-wider"]
