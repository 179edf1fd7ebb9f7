"""Limits are read from answers in every form that a catalogue can name, and from hostile ones nothing is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgagents.base.places import Text
from pgagents.catalogue.language.platform import Limits
from pgagents.catalogue.model.answers import Code, LimitReader, ReadError, ToldLimit, find_pattern_problem

THREE = {"limit": "X-Limit", "remaining": "X-Left", "reset": "X-Reset"}
USAGE = {"usage": "X-Usage", "pattern": "{used}/{limit}"}


def reader(headers: dict[str, Any] | None, limited: str | None = None, **more: Any) -> LimitReader:
    return LimitReader(Limits.model_validate({"headers": headers, **more}), limited)


def headers(**told: str) -> Callable[[str], str | None]:
    return {name.replace("_", "-"): value for name, value in told.items()}.get


@pytest.mark.parametrize(
    ("fields", "policies", "found"),
    [
        ('"default";r=50;t=30', None, ToldLimit(None, 50, 30)),
        ('"all";r=5;t=3', '"all";q=100;w=60', ToldLimit(100, 5, 3, 60)),
        ('"day";r=900, "min";r=4;t=9', '"day";q=1000;w=86400,"min";q=10;w=60', ToldLimit(10, 4, 9, 60)),
        ('"all";r=5;x-a="1, 2;r=0"', '"all";q=7;qu="content-bytes";pk=:AAA=:', ToldLimit(7, 5, None)),
        ('"all";r=-1', '"all";q=7', None),
        ('"all";r=5.5', None, None),
        ("all;r=5", None, None),  # a token, and the draft wants a string
        ("limit=100, remaining=50, reset=5", None, None),  # draft 03, which was a dictionary
        ('"all";r=', None, None),
        ("é", None, None),
        ('"all";r=1, ' * 400, None, None),
        (None, '"all";q=7', None),
    ],
)
def test_fields_of_the_ietf(fields: str | None, policies: str | None, found: ToldLimit | None) -> None:
    told = {"RateLimit": fields, "RateLimit-Policy": policies}
    assert reader({"ietf": True}).read(told.get) == found


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_header_breaks_the_reader(one: str, other: str) -> None:
    for form in ({"ietf": True}, USAGE, THREE):
        made = reader(form)
        told = made.read(lambda name: one if name.endswith(("RateLimit", "Usage", "Limit")) else other)
        assert told is None or isinstance(told.remaining, int)
        assert made.is_limited(429, lambda _: one)
        wait = made.wait_s(lambda _: other, 0.0)
        assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("text", "found"),
    [("32/40", ToldLimit(40, 8, None)), ("41/40", ToldLimit(40, 0, None)), ("32", None), ("a/b", None)],
)
def test_one_header_with_a_pattern(text: str, found: ToldLimit | None) -> None:
    assert reader(USAGE).read(headers(X_Usage=text)) == found


def test_pattern_may_state_what_is_left_and_have_words() -> None:
    made = reader({"usage": "X-Usage", "pattern": "calls: {remaining} of {limit}."})
    assert made.read(headers(X_Usage="calls: 3 of 9.")) == ToldLimit(9, 3, None)
    assert made.read(headers(X_Usage="calls: 3 of 9!")) is None


@pytest.mark.parametrize(
    "pattern", ["{used}", "{limit}", "{used}/{limit}/{limit}", "{used}/{remaining}", "{x}/{limit}", ""]
)
def test_pattern_without_a_limit_is_none(pattern: str) -> None:
    assert find_pattern_problem(pattern)
    assert not find_pattern_problem("{limit}-{used}")


def test_wait_is_retry_after_or_the_reset_of_an_empty_bucket() -> None:
    made = reader(THREE, reset_unit="epoch_seconds")
    empty = {"X-Limit": "9", "X-Left": "0", "X-Reset": "130"}
    assert made.wait_s(empty.get, 100.0) == 30
    assert made.wait_s({**empty, "X-Left": "1"}.get, 100.0) is None
    assert made.wait_s({**empty, "Retry-After": "7"}.get, 100.0) == 7
    assert reader({"ietf": True}).wait_s({"RateLimit": '"a";r=0;t=12'}.get, 100.0) == 12
    assert reader(None).wait_s({"Retry-After": "3"}.get, 0.0) == 3


def test_403_is_a_limit_by_its_code_or_by_a_header() -> None:
    def error(name: str) -> ReadError:
        return ReadError(Code(name, 403, Text(""), "", None, (), ()), name)

    made = reader(THREE, "slow_down", status=[403, 429])
    assert made.is_limited(429, headers())
    assert made.is_limited(403, headers(), error("slow_down"))
    assert not made.is_limited(403, headers(Retry_After="1"), error("forbidden"))
    assert not made.is_limited(403, headers())
    assert made.is_limited(403, headers(Retry_After="1"))
    assert made.is_limited(403, {"X-Limit": "9", "X-Left": "0", "X-Reset": "1"}.get)
    assert not made.is_limited(403, {"X-Limit": "9", "X-Left": "1", "X-Reset": "1"}.get)
    assert not reader(THREE).is_limited(403, headers(Retry_After="1"))
