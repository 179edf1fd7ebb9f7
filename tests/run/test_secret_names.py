"""An undeclared member is a secret by its name only if its value can be one."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.report.contract import Verdict
from small_api import Notes, catalogue, verified

CONTRACT = "no_leaks/list_notes@rest"


def judge(name: str, value: Any) -> Verdict:
    """Return what `no_leaks` says of this undeclared member of a list."""
    notes = Notes()

    def server(request: Request) -> Response:
        answer = notes(request)
        if (request.method, request.path, answer.status) != ("GET", "/notes", 200):
            return answer
        body = read_json(answer.body).value
        return Response(answer.status, answer.headers, json_bytes({**body, "usage": {name: value}}))

    report = verified(catalogue(), server, only=(CONTRACT,))
    (result,) = [result for result in report.results if result.contract.id == CONTRACT]
    return result.verdict


SECRETS = (
    ("token", "9f8a7b6c5d4e"), ("resetToken", "9f8a7b6c5d4e"), ("password_hash", "$2b$12$abcdef"),
    ("api_keys", ["sk_live_1"]), ("ssn", 123456789),
)  # fmt: skip
SHORT = (("secret_key", "s3cr3t"), ("totalSecret", "x1"))
"""Only their names say that they are secrets."""
OTHERS = (
    ("total_tokens", 0), ("max_tokens", 4096), ("tokens", 12.5), ("has_password", True), ("token", None),
    ("password", ""), ("token_type", "bearer"), ("password_changed_at", "2026-04-12T13:20:00Z"),
    ("next_page_token", "b2Zmc2V0PTEw"), ("tokenCount", 3), ("api_keys", []),
)  # fmt: skip


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_in_an_undeclared_member_is_found(name: str, value: Any) -> None:
    assert judge(name, value) is Verdict.BROKEN


@pytest.mark.parametrize(("name", "value"), SHORT)
def test_a_secret_by_its_name_alone_is_odd(name: str, value: Any) -> None:
    assert judge(name, value) is Verdict.ODD


@pytest.mark.parametrize(("name", "value"), OTHERS)
def test_a_count_a_flag_or_a_cursor_is_no_secret(name: str, value: Any) -> None:
    assert judge(name, value) is Verdict.KEPT
