"""Hold the rule that tells which values cannot stand in a path."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.catalogue.encoding.paths import find_climb, find_misreading, plain_path

CLIMBING = (
    "",
    " ",
    ".",
    "..",
    "../7",
    "%2e%2e",
    "%252E%252E",
    "..;a/7",
    "..\\7",
    "..%00",
    "\uff0e\uff0e",
    "a?/../b",
)


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("value", CLIMBING)
def test_a_value_with_dots_leads_out_of_its_place(value: str, given: bool) -> None:
    assert find_climb(value)
    assert find_misreading(value, given=given) == "leads to another path"


@pytest.mark.parametrize(
    "value", ["7", "a..b", "...", "a@b.c", "urn:x:1", "a b", "100%", "Zoë", "a,b", "~a$b", 7, -1.5, True]
)
def test_a_usual_id_can_stand_in_a_path(value: Any) -> None:
    assert not find_climb(value)
    assert find_misreading(value) == find_misreading(value, given=True) == ""


@pytest.mark.parametrize("value", ["a/b", "7?x", "7#x", "7;x", "*"])
def test_marks_may_be_given_but_are_no_id_of_a_server(value: str) -> None:
    assert find_misreading(value)
    assert find_misreading(value, given=True) == ""
    assert bool(find_misreading(value, reserved=True)) == ("/" not in value)


@pytest.mark.parametrize("value", ["a%2Fb", "7\0", "7\r\nx", "a\\b", "7%3Fx", "x" * 10_000, "\ud800", [1]])
def test_what_servers_read_otherwise_cannot_be_given_either(value: Any) -> None:
    assert find_misreading(value)
    assert find_misreading(value, given=True)


@pytest.mark.parametrize("value", [" 7", "7 ", "%37"])
def test_a_servers_id_may_not_change_by_trimming_or_decoding(value: str) -> None:
    assert find_misreading(value)
    assert find_misreading(value, given=True) == ""


def test_a_reason_says_how_long_a_value_is_and_not_the_value() -> None:
    assert find_misreading("x" * 10_000) == "has 10,000 characters, more than a path can have"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a/b?c=/d", "/a/b"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/%252e%252e%252fb", "/b"),
        ("/../../a", "/a"),
        ("/a;v=1/b", "/a/b"),
        ("/a//b/", "/a/b"),
        ("/a\\b", "/a/b"),
        ("/a/b%00c", "/a/b"),
        ("http://h:1/a/./b", "/a/b"),
        ("//h/a", "/h/a"),
        ("*", "*"),
    ],
)
def test_a_path_is_read_as_the_most_lenient_server_reads_it(target: str, path: str) -> None:
    assert plain_path(target) == path
