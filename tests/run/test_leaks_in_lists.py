"""Answers whose body is a list are searched for secrets and personal data as objects are."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from small_api import NOTES, Notes, answer, catalogue, verified
from verifying import ids

WRAPPED = "{type: object, properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]}"
LIST, GET = "no_leaks/list_notes@rest", "no_leaks/get_note@rest"
SECRET = "s3cr3t-of-a-note"
NOTE = {"id": "n0", "text": "hello"}


def listing(text: str = NOTES, *changes: tuple[str, str]) -> Model:
    """The catalogue whose list of notes is the whole body."""
    return catalogue(text, (WRAPPED, "{type: array, items: {$ref: Note}}"), *changes)


def leaks(model: Model, members: dict[str, Any], one: dict[str, Any], only: str) -> bool:
    """True if the contract is broken at a server that lists a note, and shows one, with these members."""

    def odd(_: Notes, request: Request) -> Response | None:
        if request.method != "GET":
            return None
        return answer(200, [{**NOTE, **members}] if request.path == "/notes" else {**NOTE, **one})

    return only in ids(verified(model, Notes(odd=odd), only=(only, LIST)), Verdict.BROKEN)


@pytest.mark.parametrize(
    ("name", "value"),
    [("password_hash", "$2b$12$abcdef"), ("by", "ada@elsewhere.example"), ("paid", "4111 1111 1111 1111")],
)
def test_undeclared_member_of_a_listed_object_is_a_leak(name: str, value: str) -> None:
    assert leaks(listing(), {name: value}, {}, LIST)


@pytest.mark.parametrize(("name", "value"), [("total_tokens", 4), ("colour", "red"), ("text", "a@b.example")])
def test_other_members_of_a_listed_object_are_none(name: str, value: Any) -> None:
    assert not leaks(listing(), {name: value}, {}, LIST)


@pytest.mark.parametrize(("text", "found"), [(SECRET, True), ("hello", False)])
def test_secret_that_a_list_declares_is_known_in_other_answers(text: str, found: bool) -> None:
    kept = "{id: {type: string}, text: {type: string}, code: {type: string, secret: true}}"
    items = f"{{type: array, items: {{type: object, properties: {kept}, required: [id, text]}}}}"
    model = catalogue(NOTES, (WRAPPED, items))
    assert leaks(model, {"code": SECRET}, {"text": text}, GET) is found
