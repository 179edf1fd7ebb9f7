"""The simplest text of a pattern: what a plan is made of where nothing better is known."""

from __future__ import annotations

import re
import sys

import pytest

from pgagents.patterns import simplest


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


@pytest.mark.parametrize("pattern", ["(?=x)y", r"(a)b\1$", "((a{9999}){9999}){9999}", "a{99999}", "^(?:", "(" * 5_000, "$^a", r"[^\s\S]"])
def test_a_pattern_that_cannot_be_spelled_gives_no_text(pattern):
    assert simplest(pattern) == ""


def test_hypothesis_is_not_imported_for_what_can_be_spelled():
    """It takes a tenth of a second, which is half of a plan."""
    import subprocess

    code = """if True:
        import sys
        from pgagents.verify.fuzz import text_of_pattern
        for pattern in ("^https://", r"(ab)c\\1$"):
            print(text_of_pattern(pattern, 0, 300, longest=False), "hypothesis" in sys.modules)
    """
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert told == ["https://", "False", "abcab", "True"]
