"""The loader says what a catalogue says twice and differently, at its place, before a server is blamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgagents.base.errors import Diagnostic
from pgagents.base.reading import parse
from pgagents.catalogue.load import load

LOANS = (Path(__file__).parents[1] / "data" / "loans.yaml").read_text(encoding="utf-8")
RETURN = "    title: Return a book\n"
LISTED = "    errors: [INVALID, NOT_FOUND, CONFLICT]\n    examples:\n      one: {input: {loan_id: l-1}"
NAMED = "      loan_id: {type: string, required: true, refers_to: loan, description: The loan's id}\n"
OTHER = NAMED.replace("loan_id", "other_id").replace("required: true, ", "")
RETURNED = '    confirm: {body: "Return this book?"}\n    input:\n'


def list_messages(*changes: tuple[str, str]) -> tuple[str, list[Diagnostic]]:
    """Return the loans with changes, each of which finds its place once, and what the loader says of them."""
    text = LOANS
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text, load(parse(text, "loans.yaml"))[1]


def test_catalogue_without_a_contradiction_is_loaded() -> None:
    assert [d.message for d in list_messages()[1]] == []


UNDONE = '    undone_by: {action: return_loan, input: {loan_id: "=resource.id"}}\n'
WITH_INVALID = "    errors: [INVALID] # besides"


@pytest.mark.parametrize(
    ("changes", "id", "line", "message"),
    [
        (
            [(LISTED, LISTED.replace(", CONFLICT", ""))],
            "error-code",
            "return_loan: {from:",
            "`return_loan` does not answer with `CONFLICT`",
        ),
        (
            [(RETURNED + NAMED, RETURNED + NAMED + OTHER), (UNDONE, "")],
            "unnamed",
            "return_loan: {from:",
            "each of loan_id, other_id names a loan",
        ),
        (
            [(RETURNED + NAMED, RETURNED + NAMED.replace("refers_to: loan, ", "")), (UNDONE, "")],
            "unnamed",
            "return_loan: {from:",
            "no argument names the loan",
        ),
        (
            [
                ("{invalid: INVALID,", "{invalid: INVALID, missing: CONFLICT,"),
                (WITH_INVALID, WITH_INVALID.replace("INVALID", "INVALID, CONFLICT")),
            ],
            "error-code",
            "url: {type: string",
            "a call without `url` gets `CONFLICT`",
        ),
    ],
    ids=["move", "two-named", "none-named", "missing"],
)
def test_contradiction_is_said_at_its_place(
    changes: list[tuple[str, str]], id: str, line: str, message: str
) -> None:
    text, found = list_messages(*changes)
    (diagnostic,) = found
    assert diagnostic.id == f"catalogue/{id}"
    assert message in diagnostic.message
    assert diagnostic.help
    assert line in text.splitlines()[diagnostic.span.line - 1]


def test_argument_that_names_its_own_error_needs_no_common_one() -> None:
    own = ("q: {type: string,", "q: {otherwise: {required: CONFLICT}, type: string,")
    listed = (WITH_INVALID, WITH_INVALID.replace("INVALID", "CONFLICT"))
    assert [d.message for d in list_messages(own, listed)[1]] == []
