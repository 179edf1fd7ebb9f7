"""Anyone's tool lists and plugin manifests: each is judged by its content, and what a vendor would refuse
is said at its line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from offering import OFFERING
from pgagents.base.errors import PgagentsError
from pgagents.generate.build import build
from pgagents.lint.document import Judged, read
from pgagents.lint.importers.gpt_builder import judge as gpt_builder
from pgagents.lint.judge import JUDGES, judge, kind

GENERATED = Path(__file__).parents[2] / "generated"
OBJECT: dict[str, Any] = {
    "type": "object",
    "properties": {"q": {"type": "string"}},
    "required": ["q"],
    "additionalProperties": False,
}


def judged(document: Any, name: str | None = None) -> Judged:
    source = read(json.dumps(document, indent=1).encode(), "tools.json")
    found = name or kind(source.data)
    assert found
    return judge(source, found)


def chat(schema: Any = OBJECT, **function: Any) -> list[Any]:
    return [
        {
            "type": "function",
            "function": {"name": "find", "description": "Find.", "parameters": schema, **function},
        }
    ]


def flat(schema: Any = OBJECT, **tool: Any) -> list[Any]:
    return [{"type": "function", "name": "find", "description": "Find.", "parameters": schema, **tool}]


def claude(schema: Any = OBJECT, **tool: Any) -> list[Any]:
    return [{"name": "find", "description": "Find.", "input_schema": schema, **tool}]


def gemini(schema: Any = None, **declaration: Any) -> dict[str, Any]:
    own = {"type": "OBJECT", "properties": {"q": {"type": "STRING"}}}
    return {
        "functionDeclarations": [
            {"name": "find", "description": "Find.", "parameters": schema or own, **declaration}
        ]
    }


HINTS = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}


def mcp(schema: Any = OBJECT, **tool: Any) -> dict[str, Any]:
    return {
        "tools": [
            {"name": "find", "description": "Find.", "inputSchema": schema, "annotations": HINTS, **tool}
        ]
    }


KEYED = {**OBJECT, "properties": {"q": {"type": "string"}, "idempotencyKey": {"type": "string"}}}
REPEATABLE = {**HINTS, "readOnlyHint": False}


def holding(**part: Any) -> dict[str, Any]:
    """The object schema with one member more."""
    return {**OBJECT, "properties": {"q": {"type": "string", **part}}}


FILES = {
    "openai/tools.chat.json": "openai-tools", "openai/tools.chat.strict.json": "openai-tools",
    "openai/tools.responses.json": "openai-tools",
    "openai/tools.responses.strict.json": "openai-tools", "anthropic/tools.json": "anthropic-tools",
    "anthropic/tools.strict.json": "anthropic-tools", "gemini/functions.json": "gemini-tools",
    "gemini/functions.jsonschema.json": "gemini-tools", "mcp/tools.json": "mcp-tools",
    "openai/ai-plugin.json": "ai-plugin",
    "copilot/ai-plugin.json": "copilot-plugin", "copilot/ai-plugin.v2.4.json": "copilot-plugin",
    "openai/openapi.json": "gpt-builder",
    "copilot/openapi-3.0.yaml": "copilot",
}  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_generated_file_is_known_by_its_content_and_nothing_is_found(file: str) -> None:
    source = read((GENERATED / file).read_bytes(), file)
    assert kind(source.data) == FILES[file]
    if FILES[file] != "gpt-builder":
        assert [d for d in judge(source, FILES[file]).found if d.severity != "note"] == []


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("xai/tools.chat.json", "xai-tools"),
        ("xai/tools.responses.json", "xai-tools"),
        ("perplexity/tools.json", "perplexity-tools"),
    ],
)
def test_generated_list_that_looks_like_anothers_is_judged_when_asked(file: str, name: str) -> None:
    assert judge(read((GENERATED / file).read_bytes(), file), name).found == ()


@pytest.mark.parametrize("file", ["xai/tools.chat.json", "xai/tools.responses.json", "perplexity/tools.json"])
def test_list_in_a_vendors_folder_is_judged_as_that_vendors(file: str) -> None:
    source = read((GENERATED / file).read_bytes(), file)
    assert kind(source.data, f"generated/{file}") == f"{file.partition('/')[0]}-tools"
    assert kind(source.data, "generated/tools.json") == "openai-tools"
    assert kind([{"name": "find", "inputSchema": {"type": "object"}}], f"generated/{file}") == "mcp-tools"


def test_hints_that_mean_nothing_beside_read_only_are_not_missed() -> None:
    """The specification: destructiveHint and idempotentHint are meaningful only where readOnlyHint is
    false.
    """
    assert judged(mcp(annotations={"readOnlyHint": True, "openWorldHint": False}), "mcp-tools").found == ()
    assert judged(mcp(annotations={"readOnlyHint": False, "openWorldHint": False}), "mcp-tools").found != ()


ASKED = {
    "xai/tools.chat.json": "xai-tools",
    "xai/tools.responses.json": "xai-tools",
    "perplexity/tools.json": "perplexity-tools",
}


@pytest.mark.parametrize("name", OFFERING)
def test_what_any_catalogue_gives_is_taken_by_every_judge(name: str) -> None:
    """Targets and judges are written apart, from the same facts: where they disagree, one of them is
    wrong.
    """
    files = {a.path: a.data for a in build(OFFERING[name]()).files}
    assert set(FILES) - {"openai/openapi.json"} <= set(files)
    for path, by in {**FILES, **ASKED}.items():
        source = read(files[path], path)
        made = gpt_builder(source)[0] if by == "gpt-builder" else judge(source, by)
        assert [(path, d.id, d.message) for d in made.found if d.severity != "note"] == []


STRICT_AWAY = {k: v for k, v in OBJECT.items() if k != "additionalProperties"}
CASES: list[tuple[Any, str, str, str]] = [
    (chat(name="find.books"), "openai-tools", "tools-name", "error"),
    (chat(name="x" * 65), "openai-tools", "tools-name", "error"),
    (chat({"type": "object"}), "openai-tools", "tools-properties", "error"),
    (
        chat({"type": "object", "properties": {"l": {"type": "array"}}}),
        "openai-tools",
        "tools-items",
        "error",
    ),
    ([chat(name=f"f{n}")[0] for n in range(129)], "openai-tools", "tools-most", "error"),
    (flat(), "openai-tools", "tools-silence-is-strict", "note"),
    (chat(STRICT_AWAY, strict=True), "openai-tools", "strict-closed", "error"),
    (chat({**OBJECT, "required": []}, strict=True), "openai-tools", "strict-all-required", "error"),
    (chat({"anyOf": [OBJECT]}, strict=True), "openai-tools", "strict-root", "error"),
    (chat(holding(oneOf=[{}]), strict=True), "openai-tools", "strict-keywords", "error"),
    (chat(holding(format="uri"), strict=True), "openai-tools", "strict-formats", "error"),
    (
        chat(holding(enum=[f"c{n}" for n in range(1001)]), strict=True),
        "openai-tools",
        "strict-enums",
        "error",
    ),
    ([*chat(), *chat()], "openai-tools", "distinct-names", "error"),
    ([*chat(), *chat(name="Find")], "openai-tools", "distinct-names", "warning"),
    (claude(name="find.books"), "anthropic-tools", "name", "error"),
    (claude({"type": "array"}), "anthropic-tools", "input-object", "error"),
    (claude(description=""), "anthropic-tools", "description", "warning"),
    (claude(STRICT_AWAY, strict=True), "anthropic-tools", "strict-closed", "error"),
    (claude(input_examples=[{"unheard": 1}]), "anthropic-tools", "input-examples", "error"),
    (claude(input_examples={}), "anthropic-tools", "input-examples", "error"),
    (claude(holding(maxLength=3), strict=True), "anthropic-tools", "strict-keywords", "error"),
    (claude(holding(minItems=2), strict=True), "anthropic-tools", "strict-min-items", "error"),
    (claude(holding(format="regex"), strict=True), "anthropic-tools", "strict-formats", "error"),
    (claude(holding(pattern="^(?=a)"), strict=True), "anthropic-tools", "strict-patterns", "error"),
    ([claude(name=f"f{n}", strict=True)[0] for n in range(21)], "anthropic-tools", "strict-tools", "error"),
    (
        claude({**OBJECT, "required": [], "properties": {f"p{n}": {} for n in range(25)}}, strict=True),
        "anthropic-tools",
        "strict-optional",
        "error",
    ),
    (
        claude(
            {
                **OBJECT,
                "properties": {f"p{n}": {"type": ["string", "null"]} for n in range(17)},
                "required": [f"p{n}" for n in range(17)],
            },
            strict=True,
        ),
        "anthropic-tools",
        "strict-unions",
        "error",
    ),
    (gemini(name="1find"), "gemini-tools", "function-name", "error"),
    (gemini(name="find.books"), "gemini-tools", "function-name", "warning"),
    (gemini(strict=True), "gemini-tools", "no-foreign-keys", "error"),
    (gemini(parametersJsonSchema=OBJECT), "gemini-tools", "one-style", "error"),
    (
        gemini({"type": "OBJECT", "properties": {"q": {"type": "STRING", "const": "a"}}}),
        "gemini-tools",
        "schema-keywords",
        "error",
    ),
    (
        gemini({"type": "OBJECT", "properties": {"q": {"type": ["string", "null"]}}}),
        "gemini-tools",
        "upper-types",
        "error",
    ),
    (
        gemini({"type": "object", "properties": {"q": {"type": "STRING"}}}),
        "gemini-tools",
        "upper-types",
        "warning",
    ),
    (
        gemini({"type": "OBJECT", "properties": {"q": {"type": "INTEGER", "enum": [1]}}}),
        "gemini-tools",
        "enum-of-strings",
        "error",
    ),
    (
        gemini({"type": "OBJECT", "properties": {"q": {"type": "INTEGER", "enum": ["0", "1"]}}}),
        "gemini-tools",
        "enum-type",
        "error",
    ),
    (chat(holding(type="string", enum=[644]), strict=True), "openai-tools", "strict-values", "error"),
    (chat(holding(type="integer", const="1"), strict=True), "openai-tools", "strict-values", "error"),
    (chat(holding(type="string", enum=[644])), "openai-tools", "keywords-agree", "warning"),
    (
        gemini({"type": "OBJECT", "properties": {"q": {"type": "STRING", "anyOf": [{"type": "STRING"}]}}}),
        "gemini-tools",
        "schema-keywords",
        "warning",
    ),
    (gemini({"type": "OBJECT", "properties": {}}), "gemini-tools", "object-needs-properties", "error"),
    (
        gemini({"type": "OBJECT", "properties": {"X-Id": {"type": "STRING"}}}),
        "gemini-tools",
        "parameter-name",
        "error",
    ),
    (
        gemini({"type": "OBJECT", "properties": {"q": {"type": "STRING", "format": "uuid"}}}),
        "gemini-tools",
        "string-formats",
        "warning",
    ),
    (
        {"functionDeclarations": [{"name": "f", "parametersJsonSchema": holding(pattern="a", not_={})}]},
        "gemini-tools",
        "json-schema-keywords",
        "note",
    ),
    (
        {"functionDeclarations": [{"name": f"f{n}"} for n in range(21)]},
        "gemini-tools",
        "few-active-tools",
        "note",
    ),
    (
        {"functionDeclarations": [{"name": f"f{n}"} for n in range(129)]},
        "gemini-tools",
        "most-declarations",
        "warning",
    ),
    (
        {"functionDeclarations": [{"name": f"f{n}"} for n in range(513)]},
        "gemini-tools",
        "most-declarations",
        "error",
    ),
    ([gemini(), gemini(name="other")], "gemini-tools", "one-tool", "warning"),
    ([chat(name=f"f{n}")[0] for n in range(129)], "xai-tools", "most-tools", "warning"),
    ([chat(name=f"f{n}")[0] for n in range(201)], "xai-tools", "most-tools", "error"),
    (chat({"type": "array"}), "xai-tools", "root-object", "error"),
    (chat(holding(enum=[])), "xai-tools", "keywords", "error"),
    (chat({**OBJECT, "properties": {"q": True}}), "xai-tools", "keywords", "error"),
    (chat(holding(pattern="\\bq")), "xai-tools", "patterns", "error"),
    (chat(holding(maxLength=5000)), "xai-tools", "bounds", "note"),
    (
        chat({**OBJECT, "properties": {"q": {"type": "object"}}}),
        "xai-tools",
        "additional-properties",
        "warning",
    ),
    (flat(description=""), "xai-tools", "flat", "error"),
    (chat(strict=True), "xai-tools", "strict", "note"),
    (chat(name="a b"), "xai-tools", "name", "warning"),
    (chat(), "perplexity-tools", "shape", "error"),
    (flat([]), "perplexity-tools", "shape", "error"),
    (flat(name="a-b"), "perplexity-tools", "any-vendor", "warning"),
    (mcp(name="créer"), "mcp-tools", "tool-name-characters", "warning"),
    (mcp({"type": "array"}), "mcp-tools", "input-object", "error"),
    (mcp(holding(type="bogus")), "mcp-tools", "input-object", "error"),
    (
        mcp({**OBJECT, "properties": {"q": {"$ref": "https://a.example/s.json"}}}),
        "mcp-tools",
        "input-object",
        "error",
    ),
    (mcp(outputSchema={"type": "array"}), "mcp-tools", "output-object", "error"),
    (mcp(annotations={"readOnlyHint": False}), "mcp-tools", "destructive", "note"),
    (mcp(annotations={"readOnlyHint": True}), "mcp-tools", "open-world", "note"),
    (mcp(KEYED, annotations=REPEATABLE), "mcp-tools", "idempotent", "note"),
]


@pytest.mark.parametrize(
    ("document", "name", "row", "severity"), CASES, ids=[f"{c[1]}-{c[2]}-{n}" for n, c in enumerate(CASES)]
)
def test_what_a_vendor_refuses_is_said(document: Any, name: str, row: str, severity: str) -> None:
    assert (f"{name}/{row}", severity) in [(d.id, d.severity) for d in judged(document, name).found]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (chat(), "openai-tools"),
        (claude(), "anthropic-tools"),
        (gemini(), "gemini-tools"),
        (mcp(), "mcp-tools"),
        (mcp({**KEYED, "required": ["q", "idempotencyKey"]}, annotations=REPEATABLE), "mcp-tools"),
        (mcp(KEYED, annotations={**REPEATABLE, "idempotentHint": False}), "mcp-tools"),
        (mcp(annotations=REPEATABLE), "mcp-tools"),
        (chat(), "xai-tools"),
        (flat(), "perplexity-tools"),
    ],
)
def test_nothing_is_said_of_a_good_list(document: Any, name: str) -> None:
    assert judged(document, name).found == ()


def test_every_judge_of_lists_has_a_case() -> None:
    assert {name for _, name, _, _ in CASES} == {name for name in JUDGES if name.endswith("-tools")}


def test_messages_are_those_of_the_api() -> None:
    found = judged(chat({"type": "object", "properties": {"x": {"type": "array"}}})).found
    assert [d.message for d in found] == [
        "Invalid schema for function 'find': In context=('properties', 'x'), array schema missing items."
    ]
    many = judged([chat(name=f"f{n}")[0] for n in range(130)]).found
    assert many[0].message == (
        "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array "
        "with length 130 instead."
    )
    assert (
        judged(claude(name="a.b")).found[0].message
        == "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
    )


def test_finding_leads_to_its_line() -> None:
    one = judged(chat(holding(enum=[])), "xai-tools")
    (found,) = one.found
    assert one.source.text.splitlines()[found.span.line - 1].strip().startswith('"enum"')


def test_other_kinds_of_tools_are_passed_over_and_none_at_all_is_a_wrong_call() -> None:
    assert judged([{"type": "web_search"}, *chat()], "openai-tools").found == ()
    with pytest.raises(PgagentsError, match="lists no function tools"):
        judged([{"type": "web_search"}], "openai-tools")


MANIFEST = json.loads((GENERATED / "copilot/ai-plugin.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("change", "id"),
    [
        ({"namespace": "a.b"}, "copilot-plugin/refused"),
        ({"name_for_human": "x" * 21}, "copilot-plugin/name-for-human"),
        ({"description_for_model": "x" * 2049}, "copilot-plugin/description-for-model"),
        ({"functions": [*MANIFEST["functions"], MANIFEST["functions"][0]]}, "copilot-plugin/one-runtime"),
        ({"runtimes": [*MANIFEST["runtimes"], *MANIFEST["runtimes"]]}, "copilot-plugin/one-runtime"),
    ],
)
def test_manifest_is_judged_beyond_its_schema(change: dict[str, Any], id: str) -> None:
    assert id in {d.id for d in judged({**MANIFEST, **change}).found}


@pytest.mark.parametrize("value", [{"a": 1}, ["a"], 5, None])
@pytest.mark.parametrize(
    "key", ["required", "enum", "propertyOrdering", "type", "properties", "items", "format"]
)
@pytest.mark.parametrize("name", [name for name in JUDGES if name.endswith("-tools")])
def test_member_of_another_type_in_a_list_does_not_crash(name: str, key: str, value: Any) -> None:
    object = {"type": "object", "properties": {"a": {"type": "string"}}, key: [value]}
    for document in (
        chat(holding(**{key: [value]})),
        chat(object),
        flat(object),
        claude(object),
        gemini(object),
        mcp(object),
    ):
        assert all(diagnostic.message for diagnostic in judged(document, name).found)


@pytest.mark.parametrize(
    "value", [None, 1, "x", [], {}, [None], {"name": 1}, {"name": "f", "parameters": []}, [[]], True]
)
@pytest.mark.parametrize("name", [name for name in JUDGES if name.endswith("-tools")])
def test_wrong_types_anywhere_are_judged_and_do_not_crash(value: Any, name: str) -> None:
    for document in (
        [value],
        {"tools": value},
        {"functionDeclarations": value},
        chat(value),
        flat(value),
        claude(value),
        gemini(value),
        mcp(value),
        chat({**OBJECT, "properties": value}),
        claude({**OBJECT, "required": value}, strict=True),
        chat(holding(enum=value, format=value, pattern=value, items=value), strict=True),
    ):
        try:
            judged(document, name)
        except PgagentsError as error:
            assert "lists no function tools" in error.message  # noqa: PT017 - both ends are right


# what every model reads


def listed(*schemas: Any, **more: Any) -> list[Any]:
    """A list of tools with these schemas of their argument `f`."""
    return [
        tool
        for n, schema in enumerate(schemas)
        for tool in claude(
            {**OBJECT, "properties": {"q": {"type": "string"}, "f": schema}}, name=f"t{n}", **more
        )
    ]


def about(document: Any, rule: str) -> list[str]:
    """The findings of one rule."""
    return [d.message for d in judged(document).found if d.id.endswith(f"/{rule}")]


def test_a_tool_that_is_too_long_is_said() -> None:
    members = {f"m{n}": {"type": "string", "description": "A text of the book. " * 6} for n in range(80)}
    (message,) = about(listed({"type": "object", "properties": members}, {"type": "string"}), "short-tools")
    assert message.startswith("`t0` has 1")
    assert message.endswith(" characters, which a model reads at each turn")
    assert about(listed({"type": "string", "description": "A text. " * 1_000}), "short-tools") == []


def test_markup_in_descriptions_is_said_once() -> None:
    marked = {"type": "string", "description": "Lists <a href='/books'>books</a>, see <br/>"}
    found = about(listed(marked, {"type": "string"}, marked, description="<p>Finds one.</p>"), "short-tools")
    assert found == ["5 descriptions with markup, such as `<p>` in `t0`"]
    plain = {"type": "string", "description": "Such as a < b, <id>, <book_id> or List<Book>; 3 <= p > 1"}
    assert about(listed(plain), "short-tools") == []


def test_one_part_of_several_tools_is_said_once() -> None:
    wrong = {"type": "object", "properties": {"m": {"type": "string", "enum": [1]}}}
    other = {"type": "object", "properties": {"m": {"type": "string", "enum": [2]}}}
    assert about(listed(*[wrong] * 6, other), "keywords-agree") == [
        "in `t0`, `enum` has `1`, which is not a string; the same in `t1`, `t2`, `t3` and 2 more",
        "in `t6`, `enum` has `2`, which is not a string",
    ]


def test_one_note_of_several_tools_is_said_once() -> None:
    tools = [{"name": f"t{n}", "description": "Finds.", "inputSchema": OBJECT} for n in range(5)]
    (message,) = about({"tools": tools}, "read-only")
    assert message.startswith("`t0` leaves readOnlyHint")
    assert message.endswith("; the same in `t1`, `t2`, `t3` and 1 more")
