"""`lint` refuses what the vendors' own packages refuse in a tool list, in words and at its line."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pgagents.lint.document import read
from pgagents.lint.tools.verdict import judge

pytestmark = pytest.mark.interop

Judge = Callable[..., Any]
STRING = {"type": "string"}
KEYWORDS: dict[str, Any] = {
    "title": "T", "description": "D", "nullable": True, "format": "date-time", "enum": ["a"],
    "pattern": "^a$", "minLength": 1, "maxLength": 9,
    "default": "a", "example": "a",
    "anyOf": [STRING], "oneOf": [STRING], "allOf": [STRING], "not": STRING, "const": "a", "$ref": "#/$defs/a",
    "$defs": {"a": STRING},
    "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "a", "examples": ["a"],
    "readOnly": True,
    "writeOnly": True, "deprecated": True, "x-note": 1, "if": STRING, "then": STRING,
    "patternProperties": {"a": STRING},
    "exclusiveMinimum": 1, "multipleOf": 2, "uniqueItems": True, "prefixItems": [STRING], "contains": STRING,
    "minContains": 1,
    "propertyNames": STRING, "dependentRequired": {"a": ["b"]}, "unevaluatedProperties": False,
    "contentEncoding": "base64",
    "minProperties": 1, "maxProperties": 2, "additionalProperties": False, "minItems": 1, "maxItems": 2,
}  # fmt: skip


def findings(document: Any, name: str) -> set[str]:
    found = judge(read(json.dumps(document).encode(), "tools.json"), name).found
    return {d.severity for d in found}


def gemini(member: dict[str, Any]) -> dict[str, Any]:
    parameters = {"type": "OBJECT", "properties": {"q": member}}
    return {"functionDeclarations": [{"name": "find", "description": "Find.", "parameters": parameters}]}


def members() -> Iterator[tuple[str, dict[str, Any]]]:
    """A string's schema with each keyword in turn, and a few whole ones."""
    for keyword, value in KEYWORDS.items():
        upper = json.loads(json.dumps(value).replace('"string"', '"STRING"'))
        yield keyword, {"type": "STRING", keyword: upper}
    yield "type list", {"type": ["STRING", "NULL"]}
    yield "type in small letters", {"type": "string"}
    yield "unknown type", {"type": "DATE"}
    yield "enum of numbers", {"type": "INTEGER", "enum": [1, 2]}
    yield "enum with null", {"type": "STRING", "enum": ["a", None]}


@pytest.mark.parametrize(("what", "member"), list(members()), ids=lambda v: v if isinstance(v, str) else "")
def test_what_googles_packages_refuse_is_an_error_or_a_warning(what: str, member: dict[str, Any]) -> None:
    types = pytest.importorskip("google.genai.types", reason="needs google-genai (the `interop` extra)")
    proto = pytest.importorskip(
        "google.ai.generativelanguage_v1beta.types",
        reason="needs google-ai-generativelanguage (the `interop` extra)",
    )
    document = gemini(member)
    refused = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            types.Tool.model_validate(copy.deepcopy(document))
    except Exception as error:  # whatever they raise is a refusal
        refused.append(error)
    try:
        proto.FunctionDeclaration.from_json(
            json.dumps(document["functionDeclarations"][0]), ignore_unknown_fields=False
        )
    except Exception as error:
        refused.append(error)
    said = findings(document, "gemini-tools") & {"error", "warning"}
    assert not refused or said, (what, refused)
    assert "error" not in said or refused, f"{what} is refused by us alone"


def test_what_openais_strict_transform_refuses_is_an_error(node: Judge, tmp_path: Path) -> None:
    schemas: dict[str, Any] = {}
    for keyword, value in KEYWORDS.items():
        schemas[keyword] = {
            "type": "object",
            "properties": {"q": {**STRING, keyword: value}},
            "required": ["q"],
            "additionalProperties": False,
        }
    closed = {"type": "object", "properties": {"q": STRING}, "required": ["q"], "additionalProperties": False}
    schemas["not required"] = {**closed, "required": []}
    schemas["root array"] = {"type": "array", "items": STRING}
    schemas["root union"] = {"anyOf": [closed]}
    file = tmp_path / "schemas.json"
    file.write_text(json.dumps(list(schemas.values())), encoding="utf-8")
    theirs = dict(zip(schemas, node("judge_strict.cjs", file), strict=True))
    refused = {what for what, said in theirs.items() if said not in (None, "changed")}
    ours = set()
    for what, schema in schemas.items():
        tool = {
            "type": "function",
            "function": {"name": "find", "description": "Find.", "parameters": schema, "strict": True},
        }
        if "error" in findings([tool], "openai-tools"):
            ours.add(what)
    assert len(refused) > 10
    assert refused <= ours
