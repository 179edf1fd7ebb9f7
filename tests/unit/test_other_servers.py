"""Checks of redirects and of CORS know which server of an API answered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from language_table import model_of
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest import cors_policy, safe_redirects
from pgagents.verify.promise import Trial
from pgagents.verify.setting import setting_of

FILES = "https://files.example/v1"


@pytest.mark.parametrize(
    ("location", "verdict"),
    [
        (f"{FILES}/b", Verdict.KEPT),
        ("/b", Verdict.KEPT),
        ("https://files.example:443/v1/b", Verdict.KEPT),
        ("https://FILES.example/v1/b", Verdict.KEPT),
        ("https://files.example:8443/v1/b", Verdict.BROKEN),
        ("https://files.example@elsewhere.example/b", Verdict.BROKEN),
        ("https://files.example:none/b", Verdict.BROKEN),
        ("https://elsewhere.example/b", Verdict.BROKEN),
        ("http://files.example/v1/b", Verdict.BROKEN),
    ],
)
def test_redirect_of_another_server_stays_within_that_server(location: str, verdict: Verdict) -> None:
    setting = SimpleNamespace(
        url="https://api.example",
        model=SimpleNamespace(
            behaviour=SimpleNamespace(redirects="any"), api=SimpleNamespace(server="https://api.example")
        ),
    )
    exchange = SimpleNamespace(
        base=FILES, status=307, request=SimpleNamespace(method="GET"), header=lambda _name: location
    )
    trial = Trial(cast(Any, setting), cast(Any, None), "safe_redirects/calls@rest", "")
    judged = safe_redirects._judge_redirect(trial, cast(Any, exchange))
    assert judged.verdict is verdict


@pytest.mark.parametrize(
    ("base", "location", "stays"),
    [
        ("http://a.example", "https://a.example/b", True),
        ("http://a.example:8080", "https://a.example/b", True),
        ("http://a.example:8080", "https://a.example:8080/b", True),
        ("http://a.example", "https://a.example:8443/b", False),
        ("https://a.example", "http://a.example/b", False),
    ],
)
def test_redirect_may_add_tls_on_the_same_host(base: str, location: str, stays: bool) -> None:
    assert safe_redirects._stays(base, location) is stays


def test_browsers_question_is_about_actions_of_the_server_that_is_asked() -> None:
    setting = setting_of(model_of("servers"), "https://api.example")
    asked = cors_policy._endpoints(setting)
    assert asked
    assert {d.server for d in setting.endpoints} != {""}
    assert [d for d in asked if d.server] == []
