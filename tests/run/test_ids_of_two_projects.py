"""Ids may be counted per project. An id that a project's own create answered is not a leak of another's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from pgagents.base.http import Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.checks.auth.project_isolation import watch
from pgagents.verify.setting import Memory, setting_of
from pgagents.verify.wire.exchange import Exchange
from small_api import with_resource

AUTH = "auth: {schemes: {key: {description: A key, prefixes: {test_: test}}}}"
ROLES = (
    "auth: {schemes: {key: {description: A key, prefixes: {test_: test}}}, roles: "
    "{main: {description: A key}, second: {description: A key, project: second}}}"
)
MODEL = with_resource((AUTH, ROLES), ("absent: no", "tenant: true\n    absent: no"))

FIXED = with_resource((AUTH, ROLES), ("absent: no", "tenant: true\n    fixed: [id, text]\n    absent: no"))
"""A note whose text never changes, so that it may tell two notes with one id apart."""


def judge(memory: Memory, role: str, action: str, body: Any) -> list[Verdict]:
    """Return the verdicts about one successful answer to a role."""
    chosen = next(one for one in memory.model.actions if one.name == action)
    response = Response(200, body=json_bytes(body))
    exchange = SimpleNamespace(
        call=SimpleNamespace(role=role, endpoint=SimpleNamespace(action=chosen), intent="valid"),
        request=SimpleNamespace(body=b"", target="/notes"),
        response=response,
        told=response,
        body=body,
        input={},
        located="",
        success=True,
        void=False,
        refused=False,
    )
    return [judgement.verdict for judgement in watch(cast(Exchange, exchange), memory)]


def empty(model: Model = MODEL) -> Memory:
    return Memory(setting_of(model))


def note(number: int) -> dict[str, str]:
    return {"id": f"INV-{number:04}", "text": "hello"}


def test_id_that_each_project_made_is_no_leak() -> None:
    memory = empty()
    judge(memory, "main", "create_note", note(1))
    assert judge(memory, "second", "create_note", note(1)) == [Verdict.KEPT]
    assert judge(memory, "second", "list_notes", {"notes": [note(1)]}) == [Verdict.KEPT]
    assert judge(memory, "main", "list_notes", {"notes": [note(1)]}) == [Verdict.KEPT]


def test_id_that_only_the_other_project_made_is_a_leak() -> None:
    memory = empty()
    judge(memory, "main", "create_note", note(1))
    judge(memory, "main", "create_note", note(2))
    judge(memory, "second", "create_note", note(1))
    assert judge(memory, "second", "list_notes", {"notes": [note(1), note(2)]}) == [Verdict.BROKEN]


def test_own_instance_that_equals_the_other_projects_is_no_leak() -> None:
    memory = empty(FIXED)
    judge(memory, "main", "create_note", note(1))
    judge(memory, "second", "create_note", note(1))
    told = judge(memory, "second", "list_notes", {"notes": [note(1)]})
    assert set(told) == {Verdict.KEPT}


def test_instance_that_equals_only_the_other_projects_is_a_leak() -> None:
    memory = empty(FIXED)
    judge(memory, "main", "create_note", note(1))
    judge(memory, "second", "create_note", {"id": "INV-0001", "text": "mine"})
    assert Verdict.BROKEN in judge(memory, "second", "list_notes", {"notes": [note(1)]})
