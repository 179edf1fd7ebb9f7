"""A keyword in another spelling than the language's is one error, with the right spelling."""

from __future__ import annotations

from typing import Any

import pytest

from language_table import FILE, base, merged
from pgagents.base.reading import parse
from pgagents.base.writing import to_yaml
from pgagents.catalogue.language.basics import Param, Schema
from pgagents.catalogue.load import load

ALIASES = {
    name: field.alias
    for name, field in Schema.model_fields.items()
    if field.alias is not None and field.alias != name
}


def said(change: Any) -> list[str]:
    _, found = load(parse(to_yaml(merged(base(), change)).decode(), FILE))
    return [f"{d.message}, {d.help}" for d in found]


@pytest.mark.parametrize("name", sorted(ALIASES))
@pytest.mark.parametrize("deep", [False, True])
def test_keyword_as_python_spells_it_is_unknown(name: str, deep: bool) -> None:
    argument: dict[str, Any] = {"type": "array", "description": "Numbers", "items": {"type": "integer"}}
    (argument["items"] if deep else argument)[name] = 1
    found = said({"actions": {"list_notes": {"input": {"numbers": argument}}}})
    assert found == [f"unknown key `{name}`, did you mean `{ALIASES[name]}`?"]


def test_spellings_are_many() -> None:
    assert {"exclusive_maximum", "multiple_of", "one_of", "ref"} <= ALIASES.keys()
    assert Param.model_fields["in_"].alias == "in"


MOVE = {"from_": ["a"], "to": "b", "otherwise": "absent"}


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({"headers": {"X-A": {"description": "A", "schema_": {"type": "string"}}}}, "schema"),
        ({"workflows": {"write-and-read": {"steps": {"read": {"as_": "main"}}}}}, "as"),
        (
            {"resources": {"note": {"state": "text", "states": ["a", "b"], "moves": {"delete_note": MOVE}}}},
            "from",
        ),
        ({"schemas": {"Note": {"properties": {"a": {"anyOf": [{"min_length": 1}]}}}}}, "minLength"),
    ],
)
def test_key_as_python_spells_it_is_one_error(change: Any, right: str) -> None:
    found = said(change)
    assert len(found) == 1
    assert found[0].endswith(f"did you mean `{right}`?")
