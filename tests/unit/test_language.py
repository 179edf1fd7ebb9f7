"""Each row of tests/language.yaml is full, and says what the documents of its catalogue show."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from language_table import (
    CELLS,
    FILE,
    FURTHER,
    VENDORS,
    built_of,
    holds,
    pointer_of,
    rows,
    schema_has,
    value_at,
    vendor_files,
)
from lengths import share
from pgagents.base.reading import parse
from pgagents.catalogue.language.catalogue import document
from pgagents.catalogue.load import load
from pgagents.generate.build import Built

ROWS = sorted(rows())
BUILT = share(ROWS, 2)
"""The rows whose documents are built; `make matrix` builds the others."""
WORDS = 3


@pytest.mark.parametrize("id", ROWS)
def test_row_is_full(id: str) -> None:
    row = rows()[id]
    assert sorted(set(row.cells) - set(CELLS) - set(FURTHER)) == [], (
        f"tests/language.yaml, {id}: nothing reads these cells; the row `bearer` has those that are read"
    )
    for cell in CELLS:
        value = row.cells.get(cell)
        assert value not in (None, "", [], {}) or (cell == "say" and value == {}), (
            f"tests/language.yaml, {id}: `{cell}` is empty; fill it, or say `none: REASON` there"
        )
        reason = row.reason(cell)
        assert not reason or len(reason.split()) >= WORDS, f"{cell} says no reason"
    assert row["question"].startswith("How do I ")
    assert row["question"].endswith("?")
    assert row["docs"].strip().endswith(".")
    assert set(row["vendors"]) == set(VENDORS), (
        f"tests/language.yaml, {id}: each vendor has a cell under `vendors`, as in the row `bearer`"
    )


@pytest.mark.parametrize("id", ROWS)
def test_keys_of_a_row_are_keys_of_the_schema(id: str) -> None:
    for key in rows()[id].several("keys"):
        assert schema_has(key, _schema()), f"{key} is not a key of the language"


@cache
def _schema() -> dict[str, Any]:
    return document()


@pytest.mark.parametrize("id", ROWS)
def test_misuse_of_a_row_is_one_message_at_its_line(id: str) -> None:
    row = rows()[id]
    for wrong in row.several("misuse"):
        source = parse(row.text(wrong["say"]), FILE)
        model, found = load(source)
        assert model is None, f"{wrong['say']} is taken"
        said = [(str(d.span), d.message, d.help) for d in found]
        assert len(found) == 1, said
        pointer = pointer_of(wrong["at"], source.data)
        places = {source.locate(pointer).line, source.locate(pointer, at_value=True).line}
        assert found[0].span.line in places, (said, places)
        assert wrong["message"] in f"{found[0].message} {found[0].help}", said
        assert found[0].severity == "error"


@pytest.mark.parametrize("id", BUILT)
def test_openapi_of_a_row_says_it(id: str) -> None:
    row = rows()[id]
    if row.reason("openapi"):
        return
    files = vendor_files(built_of(id), "openapi")
    for pointer, wanted in row["openapi"].items():
        found = value_at(files, f"openapi/openapi.json#{pointer}")
        assert holds(found, wanted) if wanted is not None else found is None, (pointer, found)
        again = value_at(files, f"openapi/openapi.yaml#{pointer}")
        assert found == again


@pytest.mark.parametrize("id", BUILT)
def test_build_of_a_row_has_no_error_but_those_it_names(id: str) -> None:
    named = {v for v, cell in rows()[id]["vendors"].items() if "error" in cell}
    errors = [d for d in built_of(id).diagnostics if d.severity == "error"]
    assert {d.id.split("/")[0] for d in errors} == named, [(d.id, d.message) for d in errors]


@pytest.mark.parametrize("id", BUILT)
def test_vendors_get_a_row_or_a_listed_loss(id: str) -> None:
    """One build has the files of all vendors."""
    built = built_of(id)
    wrong = {vendor: said for vendor in VENDORS if (said := _say_wrong(built, id, vendor))}
    assert wrong == {}


def _say_wrong(built: Built, id: str, vendor: str) -> str:
    """Return what a vendor's files lack of what the row says; empty if they are as it says."""
    try:
        _hold_to_cell(built, rows()[id]["vendors"][vendor], vendor)
    except AssertionError as error:
        return str(error) or "not as the row says"
    return ""


def _hold_to_cell(built: Built, cell: dict[str, Any], vendor: str) -> None:
    files = vendor_files(built, vendor)
    assert cell, "the cell is empty"
    assert set(cell) <= {"shows", "text", "loss", "error", "same"}
    for place, wanted in cell.get("shows", {}).items():
        found = value_at(files, place)
        assert holds(found, wanted) if wanted is not None else found is None, (place, found)
    for path, text in cell.get("text", {}).items():
        assert text in files[path], files[path]
    if "loss" in cell:
        losses = [
            f"{loss.constraint}: {loss.detail}"
            for document in built.rendered
            if document.made.id.split("/")[0] == vendor
            for loss in document.made.view.losses
        ]
        assert any(cell["loss"] in text for text in losses), losses
        assert cell["loss"].split(":")[0] in vendor_files(built, "pgagents")["pgagents/losses.md"]
    if "error" in cell:
        errors = [d for d in built.diagnostics if d.id.startswith(vendor) and d.severity == "error"]
        found = [f"{d.message} {d.help}" for d in errors]
        assert any(cell["error"] in text for text in found), found
    if "same" in cell:
        assert len(cell["same"].split()) >= WORDS, "the reason is missing"
        plain = vendor_files(built_of(""), vendor)
        assert {path: text for path, text in files.items() if plain.get(path) != text} == {}
        assert set(plain) == set(files)


def test_places_of_files_are_read_as_they_stand() -> None:
    """The reader of the table itself finds what is there, and nothing else."""
    files = {"a.json": '{"a/b": [{"c": 1}], "d": null}'}
    assert value_at(files, "a.json#/a~1b/0/c") == 1
    assert value_at(files, "a.json#/a~1b/1/c") is None
    assert holds({"a": 1, "b": 2}, {"a": 1})
    assert not holds({"a": 1}, {"a": 2})
    assert not holds({}, {"a": True})
    assert pointer_of("a.b.200.0", {"a.b": {200: ["x"]}}) == ("a.b", 200, 0)
