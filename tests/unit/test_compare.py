"""The table beside schemathesis shows what was measured, on each page that has it."""

from __future__ import annotations

import json
import re

import pytest
from evaluation.compare import measure
from evaluation.compare.notes_app import BUGS

DATA = json.loads(measure.MEASURED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", measure.PAGES, ids=lambda page: page.name)
def test_page_shows_the_figures_that_are_kept(page) -> None:
    assert measure.read_table(page) == measure.render(DATA), (
        "python -m evaluation.compare.measure --again writes the table from measured.json"
    )


def test_every_tool_was_tried_with_every_bug_and_seed() -> None:
    assert [tool["tool"].split()[0] for tool in DATA["tools"]] == ["`pgagents", "`schemathesis"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", DATA["measured"])
    for tool in DATA["tools"]:
        assert len(tool["right"]) == DATA["seeds"] > 0
        assert {bug: len(new) for bug, new in tool["new"].items()} == dict.fromkeys(BUGS, DATA["seeds"])


def test_table_says_with_how_many_seeds_a_bug_was_found() -> None:
    run = {"requests": 1200, "paid": 0, "intact": 3, "left": 0, "complaints": ["a"]}
    more = {**run, "requests": 1300, "intact": 1}
    new = {bug: [["b"], []] for bug in BUGS} | {"crash": [["b"], ["c"]], "shared": [[], []]}
    table = measure.render(
        {"measured": "2026-01-01", "seeds": 2, "tools": [{"tool": "`x`", "right": [run, more], "new": new}]}
    )
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.M))
    assert rows["requests"] == "1,200-1,300"
    assert rows["the user's own notes intact"] == "1-3 of 3"
    assert rows[BUGS["crash"]] == "found"
    assert rows[BUGS["reset"]] == "1 of 2 seeds"
    assert rows[BUGS["shared"]] == "not found"
