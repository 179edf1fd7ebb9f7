"""Google's own packages take the Gemini files: google-genai, and the protocol buffers of the Gemini API's
wire.
"""

from __future__ import annotations

import copy
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.interop

FILES = ["gemini/functions.json", "gemini/functions.jsonschema.json"]


@pytest.fixture(params=FILES)
def tool(request: pytest.FixtureRequest, generated: Path) -> dict[str, Any]:
    """A generated file."""
    return json.loads((generated / request.param).read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # our own document


def judge(document: dict[str, Any]) -> Any:
    """google-genai's Tool; unknown types and behaviours, which it only warns of, count as refused."""
    types = pytest.importorskip("google.genai.types", reason="needs google-genai (the `interop` extra)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return types.Tool.model_validate(document)


def wire(declaration: dict[str, Any]) -> None:
    """The v1beta protocol buffer: upper-case types, no key it does not know."""
    module = pytest.importorskip(
        "google.ai.generativelanguage_v1beta.types",
        reason="needs google-ai-generativelanguage (the `interop` extra)",
    )
    module.FunctionDeclaration.from_json(json.dumps(declaration), ignore_unknown_fields=False)


def test_each_file_is_one_tool_object(tool: dict[str, Any]) -> None:
    assert list(tool) == ["functionDeclarations"]


def test_the_vendors_own_package_takes_each_file(tool: dict[str, Any]) -> None:
    read = judge(tool)
    assert [d.name for d in read.function_declarations] == [d["name"] for d in tool["functionDeclarations"]]
    for declaration in read.function_declarations:
        assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", declaration.name)
        assert not (declaration.parameters and declaration.parameters_json_schema)
        assert not (declaration.response and declaration.response_json_schema)


def test_the_wire_format_takes_each_declaration(tool: dict[str, Any]) -> None:
    assert tool["functionDeclarations"]
    for declaration in tool["functionDeclarations"]:
        wire(declaration)


@pytest.mark.parametrize(
    "spoil",
    [
        {"type": "object"},
        {"type": "DATE"},
        {"type": "OBJECT", "additionalProperties": False},
        {"type": "OBJECT", "properties": {"a": {"type": "STRING", "const": "x"}}},
        {"type": "OBJECT", "properties": {"a": {"type": "INTEGER", "enum": [1]}}},
        {"type": "OBJECT", "properties": {"a": {"type": ["STRING", "NULL"]}}},
    ],
    ids=json.dumps,
)
def test_the_judges_refuse_what_we_never_write(spoil: dict[str, Any], generated: Path) -> None:
    tool = json.loads((generated / "gemini/functions.json").read_text(encoding="utf-8"))
    tainted = copy.deepcopy(tool)
    tainted["functionDeclarations"][0]["parameters"] = spoil
    judge(tool)
    refused = [
        name
        for name, call in (
            ("genai", lambda: judge(tainted)),
            ("wire", lambda: wire(tainted["functionDeclarations"][0])),
        )
        if _raises(call)
    ]
    assert refused


def _raises(call: Any) -> bool:
    try:
        call()
    except Exception:  # each package has its own kinds of error
        return True
    return False
