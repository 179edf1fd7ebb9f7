"""Whatever a document from outside holds, each judge says what it is or that it cannot be judged, and
quickly.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgagents.base.errors import InputError, PgagentsError, show
from pgagents.base.reading import parse
from pgagents.catalogue.load import load
from pgagents.lint.document import read
from pgagents.lint.importers.gpt_builder import judge as gpt_builder
from pgagents.lint.judge import JUDGES, judge, kind
from pgagents.lint.rule import rules
from pgagents.lint.rules.catalogue import instructs_model, promises_missing_input, speaks_to_user
from pgagents.lint.texts import DescribedText

KEYS = (
    "openapi swagger info servers url paths /a get post head parameters name in schema $ref required "
    "requestBody content application/json "
    "responses 200 components schemas securitySchemes security operationId description type properties "
    "items allOf anyOf oneOf enum format "
    "tools function functionDeclarations input_schema inputSchema parameters strict annotations "
    "schema_version functions runtimes "
    "run_for_functions namespace additionalProperties pattern minItems x-a"
)
WORDS = (
    "object",
    "array",
    "string",
    "function",
    "query",
    "header",
    "3.0.3",
    "3.1.0",
    "v1",
    "v2.2",
    "#/components/schemas/a",
    "#/",
    "https://a.example",
    "http://",
    "//",
    "[",
    "\u200b",
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=8)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(sorted(set(KEYS.split()))), inner, max_size=6)
    ),
    max_leaves=40,
)
DOCUMENTS = st.dictionaries(
    st.sampled_from(sorted(set(KEYS.split()))), JSON, min_size=1, max_size=8
) | st.lists(JSON, max_size=5)


@pytest.mark.matrix
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_any_document_is_judged_by_every_judge(document: Any) -> None:
    try:
        source = read(json.dumps(document).encode(), "o.json")
    except InputError as error:
        assert len(error.diagnostics) == 1  # noqa: PT017 - a control character, say
        return
    kind(source.data)
    for name in JUDGES:
        if name == "catalogue":
            continue
        try:
            made = (
                gpt_builder(source)[0] if name in ("gpt-builder", "chatgpt-plugin") else judge(source, name)
            )
        except PgagentsError:
            continue
        for diagnostic in made.found:
            assert show(diagnostic, source)


@pytest.mark.matrix
def test_catalogue_that_lacks_any_part_is_judged_or_does_not_load() -> None:
    """Every part of the small catalogue is left out once; what still loads goes through every rule."""
    text = (Path(__file__).parents[1] / "cases" / "base.yaml").read_text(encoding="utf-8")
    loaded = 0
    for pointer in list(parse(text).pointers())[1:]:
        data = parse(text).data
        here = data
        for step in pointer[:-1]:
            here = here[step]
        del here[pointer[-1]]
        model, _ = load(parse(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False), "shop.yaml"))
        if model is None:
            continue
        loaded += 1
        for rule in rules().values():
            if rule.surface is None or rule.surface in model.surfaces:
                for hit in rule.find(model):
                    assert hit.help
                    assert model.source.locate(hit.origin).line >= 1
    assert loaded > 80


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="{}[]&*a:- \n\"'#<!|>%@`,?\t", max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused_with_one_message(raw: bytes) -> None:
    try:
        read(raw, "o.yaml")
    except InputError as error:
        assert len(error.diagnostics) == 1  # noqa: PT017 - both ends are right


@pytest.mark.parametrize(
    "unit",
    ["by a or ", "or ", "a or ", "near an ", "all the your ", "do not ", "always call this ", "x-y, or a "],
)
def test_long_texts_of_a_few_words_are_searched_in_linear_time(unit: str) -> None:
    """Were one pattern to go back and forth, a text of this length would take minutes, not milliseconds."""
    text = ("by " + unit * 15_000)[:60_000]
    assert list(promises_missing_input._find_promises(DescribedText(text, (), "action", "it"), "")) == []
    assert instructs_model._ORDERS.search(text) is None
    assert speaks_to_user._VOICE.search(text) is None
