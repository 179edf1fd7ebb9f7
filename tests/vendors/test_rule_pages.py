"""Every rule's page is true: its Bad is found by exactly that rule, its Good by none. An error enforces a
MUST.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgagents.base.reading import parse
from pgagents.catalogue.load import load_text
from pgagents.lint.facts import requirements
from pgagents.lint.pages import read_page
from pgagents.lint.rule import page, rules
from pgagents.lint.run import lint

BASE = Path(__file__).parents[1] / "cases" / "base.yaml"
RULES = rules()
_LENGTH = re.compile(r'"# of ([0-9,]+) characters"')
_COUNT = re.compile(r"# of a catalogue with (\d+) actions")


class _Whole(yaml.CSafeDumper):
    """Writes a value that stands in two places twice; a catalogue has no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name is the base class's
        return True


def laid_over(base: Any, over: Any) -> Any:
    """The base with the other's members in it; null takes a member out."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    made = {**base, **{k: laid_over(base.get(k), v) for k, v in over.items()}}
    return {k: v for k, v in made.items() if v is not None}


def catalogue(part: str) -> str:
    """The small catalogue with a page's part in it."""
    data: Any = parse(BASE.read_text(encoding="utf-8")).data
    source = parse(part)
    assert source.problems == []
    data = laid_over(data, source.data)
    if length := _LENGTH.search(part):
        over = parse(part.replace(length.group(0), f'"{"x" * int(length.group(1).replace(",", ""))}"')).data
        data = laid_over(parse(BASE.read_text(encoding="utf-8")).data, over)
    if count := _COUNT.search(part):
        _grow(data, int(count.group(1)), part)
    return str(yaml.dump(data, Dumper=_Whole, sort_keys=False, allow_unicode=True, width=10_000))


def _grow(data: Any, count: int, part: str) -> None:
    """More actions of one kind, on the surfaces that the page speaks of and on REST."""
    data["surfaces"] = {name: {"actions": "all"} for name in ("rest", *parse(part).data["surfaces"])}
    del data["api"]["hosted"]
    model = data["actions"]["get_product"]
    for n in range(count - len(data["actions"])):
        data["actions"][f"look_at_{n}"] = {
            **model,
            "http": f"GET /shelf/{n}/{{product_id}}",
            "description": f"Get a product of shelf {n}.",
        }


@pytest.mark.parametrize("id", RULES)
def test_bad_is_found_by_exactly_this_rule(id: str) -> None:
    read = read_page(page(id))
    assert read.bad
    model = load_text(catalogue(read.bad), "bad.yaml")
    found = lint(model).found
    assert {d.id for d in found} == {id}, [(d.id, d.message) for d in found]


@pytest.mark.parametrize("id", RULES)
def test_good_is_found_by_none(id: str) -> None:
    read = read_page(page(id))
    assert read.good
    found = lint(load_text(catalogue(read.good), "good.yaml")).found
    assert [(d.id, d.message) for d in found] == []


def test_the_small_catalogue_has_no_finding() -> None:
    assert lint(load_text(BASE.read_text(encoding="utf-8"), "base.yaml")).found == ()


@pytest.mark.parametrize("id", RULES)
def test_page_says_what_why_and_whence(id: str) -> None:
    read, rule = read_page(page(id)), RULES[id]
    assert read.title.endswith(".")
    assert len(read.text) > 80
    requirement = requirements()[rule.requirement]
    assert f"rule/{id}" in requirement.by
    assert rule.severity != "error" or requirement.level == "MUST"


def test_rule_that_no_requirement_names_is_none() -> None:
    held = {
        by.removeprefix("rule/") for row in requirements().values() for by in row.by if by.startswith("rule/")
    }
    assert held == set(RULES)
