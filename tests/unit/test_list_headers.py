"""Several lines of a header whose value is a list are one list (RFC 9110, 5.3)."""

from __future__ import annotations

import pytest

from pgagents.base.http import Response
from pgagents.verify.checks.oauth.oauth_clients import _BASIC_CHALLENGE


@pytest.mark.parametrize(
    ("name", "joined"),
    [
        ("Allow", "GET, HEAD, POST"),
        ("WWW-Authenticate", "GET, HEAD, POST"),
        ("Set-Cookie", "GET, HEAD"),
        ("X-Request-Id", "GET, HEAD"),
    ],
)
def test_lines_of_a_list_are_joined_and_others_are_not(name: str, joined: str) -> None:
    lines = ((name, "GET, HEAD"), ("Content-Type", "text/plain"), (name.lower(), "POST"))
    assert Response(405, lines).header(name.upper()) == joined


@pytest.mark.parametrize(
    "told",
    ["Basic", 'basic realm="a"', 'Bearer realm="a", Basic realm="a"', 'Bearer, Basic, Digest nonce="x"'],
)
def test_the_basic_scheme_is_seen_among_several_challenges(told: str) -> None:
    assert _BASIC_CHALLENGE.search(told)


@pytest.mark.parametrize("told", ["", "Bearer", 'Bearer realm="basic"', "BasicPlus realm=a"])
def test_another_scheme_is_not_taken_for_basic(told: str) -> None:
    assert not _BASIC_CHALLENGE.search(told)
