"""The simplest text of a pattern: what a plan is made of where nothing better is known."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import pytest

from pgagents.base.errors import InputError
from pgagents.base.jsonschema.patterns import simplest, steady
from pgagents.base.text import match_placeholders
from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.verify.values import generators

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^https://", "https://"),
        ("^p-[0-9]{1,6}$", "p-0"),
        (r"^\d{4}-\d\d-\d\d$", "0000-00-00"),
        ("(abc|de)+f?", "de"),
        ("[^0a-z]{3}", "AAA"),
        (r"^\w+@\w+\.\w+$", "0@0.0"),
        (r"^\S\D\W$", "0a "),
        (".", "0"),
        ("^[é]$", "é"),
    ],
)
def test_the_simplest_text_fits_its_pattern(pattern, text):
    assert re.search(pattern, text)
    assert simplest(pattern) == text


@pytest.mark.parametrize(
    "pattern",
    ["(?=x)y", r"(a)b\1$", "((a{9999}){9999}){9999}", "a{99999}", "^(?:", "(" * 5_000, "$^a", r"[^\s\S]"],
)
def test_a_pattern_that_cannot_be_spelled_gives_no_text(pattern):
    assert simplest(pattern) == ""


def test_hypothesis_is_not_imported_for_what_can_be_spelled():
    """It takes a tenth of a second, which is half of a plan."""
    import subprocess

    code = """if True:
        import sys
        from pgagents.verify.values.generators import text_of_pattern
        for pattern in ("^https://", r"(ab)c\\1$"):
            print(text_of_pattern(pattern, 0, 300, longest=False), "hypothesis" in sys.modules)
    """
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert told == ["https://", "False", "abcab", "True"]


@pytest.mark.parametrize(
    "pattern",
    [
        "^[A-Za-z0-9_-]{1,64}$", r"^\d{4}-\d\d-\d\d$", "^[a-z0-9]+(?:-[a-z0-9]+)*$", "^(foo|bar)$",
        "^https?://.+/.+$", r"^\w+@\w+\.\w+$",
        "^(?=.*[A-Z]).{8,}$", "^([a-z]+\\.)*[a-z]+$", "^[A-Z]{2}[0-9]{2}([A-Z0-9]{4}){3,7}$", "^(a|b)?c*$",
    ],
)  # fmt: skip
def test_a_pattern_that_is_quick_for_any_text_may_go_to_a_generator(pattern):
    assert steady(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a{1,2}){60}$",
        "^(a+)+$",
        "^(a|a)*$",
        "^(a|aa)+$",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "a*a*a*a*a*b",
        "(.*)*\\1",
        "^(a*b?)*c$",
        "^(-a?a?)*$",
        "(" * 5_000,
        "(",
    ],
)
def test_a_pattern_that_may_take_for_ever_does_not(pattern):
    assert not steady(pattern)


@pytest.mark.parametrize(("least", "form"), [(1, "(.+)"), (0, "(.*)")])
def test_what_stands_for_placeholders_is_what_a_regular_expression_finds(least, form):
    picks = random.Random(1)
    for _ in range(3_000):
        literals = ["".join(picks.choices("ab-", k=picks.randint(0, 2))) for _ in range(picks.randint(1, 5))]
        text = "".join(picks.choices("ab-", k=picks.randint(0, 9)))
        match = re.fullmatch(form.join(map(re.escape, literals)), text, re.S)
        assert match_placeholders(literals, text, least) == (list(match.groups()) if match else None), (
            literals,
            text,
        )


def test_many_placeholders_are_compared_without_trying_all_ways():
    assert match_placeholders(["-"] * 40, "-a" * 2_000 + "!") is None


def test_plan_of_a_catalogue_with_a_pattern_that_python_cannot_match_is_made(capsys):
    assert (
        main(
            ["verify", str(ROOT / "tests/data/endless_pattern.yaml"), "--plan", "--url", "http://127.0.0.1:9"]
        )
        == 0
    )
    assert re.match(r"[1-9]\d* requests for [1-9]\d* contracts", capsys.readouterr().out)
    assert main(["contracts", str(ROOT / "tests/data/endless_pattern.yaml")]) == 0


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a{1,1000}){1,1000}", "it grows too large"),
        ("a" * 10_001, "it has 10,001 characters"),
        ("(", "not a regular expression"),
    ],
)
def test_a_pattern_that_no_engine_bounds_is_refused_at_its_line(pattern, why):
    text = (
        (ROOT / "tests/data/endless_pattern.yaml")
        .read_text(encoding="utf-8")
        .replace("^(a{1,2}){60}$", pattern)
    )
    with pytest.raises(InputError) as raised:
        load_text(text)
    (found,) = [d for d in raised.value.diagnostics if "pattern" in d.message]
    assert why in found.message
    assert text.splitlines()[found.span.line - 1].lstrip().startswith("q: {type: string, pattern:")


@pytest.mark.parametrize(
    "pattern", ["^(ab)+$", "^sk_[a-z]+$", "^([0-9a-f]{2}:)+[0-9a-f]{2}$", "^[a-z]{0,10}$"]
)
def test_a_long_text_of_a_pattern_is_not_searched(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search of 200 characters took two seconds or more."""
    monkeypatch.setattr(generators, "_simplest", lambda *_: pytest.fail("a search"))
    text = generators.text_of_pattern(pattern, 200, None, longest=False)
    assert (len(text) >= 200 and re.fullmatch(pattern, text) is not None) or pattern == "^[a-z]{0,10}$"
