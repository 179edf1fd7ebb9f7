"""OpenAI's own packages take the function tools: its types in Python, its strict transform in JavaScript."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

pytestmark = pytest.mark.interop

NEEDS = "(the `interop` extra)"
CHAT = ["openai/tools.chat.json", "openai/tools.chat.strict.json"]
RESPONSES = ["openai/tools.responses.json", "openai/tools.responses.strict.json"]
GOOD: dict[str, Any] = {
    "type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"],
    "additionalProperties": False,
}  # fmt: skip

Judge = Callable[..., Any]


def _read(generated: Path, name: str) -> list[dict[str, Any]]:
    return json.loads((generated / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # our own document


def _nested() -> TypeAdapter[Any]:
    chat = pytest.importorskip("openai.types.chat", reason=f"needs openai {NEEDS}")
    return TypeAdapter(chat.ChatCompletionFunctionToolParam)


def _flat() -> TypeAdapter[Any]:
    responses = pytest.importorskip("openai.types.responses", reason=f"needs openai {NEEDS}")
    return TypeAdapter(responses.FunctionToolParam)


@pytest.mark.parametrize("name", CHAT)
def test_chat_tools_have_the_nested_form(offered: Path, name: str) -> None:
    tools = _read(offered, name)
    assert [_nested().validate_python(tool) for tool in tools] == tools
    with pytest.raises(ValidationError, match="parameters"):
        _flat().validate_python(tools[0])


@pytest.mark.parametrize("name", RESPONSES)
def test_responses_tools_have_the_flat_form(offered: Path, name: str) -> None:
    tools = _read(offered, name)
    assert [_flat().validate_python(tool) for tool in tools] == tools
    with pytest.raises(ValidationError, match="function"):
        _nested().validate_python(tools[0])


def _judged(node: Judge, folder: Path, schemas: list[Any]) -> list[str | None]:
    file = folder / "schemas.json"
    file.write_text(json.dumps(schemas), encoding="utf-8")
    return node("judge_strict.cjs", file)  # type: ignore[no-any-return]  # a list of messages


def test_openais_strict_transform_takes_every_strict_schema_unchanged(
    node: Judge, offered: Path, tmp_path: Path
) -> None:
    schemas = [tool["parameters"] for tool in _read(offered, RESPONSES[1]) if tool["strict"]]
    assert len(schemas) >= 4
    assert _judged(node, tmp_path, schemas) == [None] * len(schemas)


def test_openais_strict_transform_refuses_what_is_not_strict(node: Judge, tmp_path: Path) -> None:
    optional = {**GOOD, "properties": {"a": {"type": "string"}}, "required": []}
    a_map = {**GOOD, "properties": {"a": {"type": "object", "additionalProperties": {"type": "string"}}}}
    one_of = {**GOOD, "properties": {"a": {"oneOf": [{"type": "string"}]}}}
    found = _judged(node, tmp_path, [GOOD, optional, a_map, one_of])
    assert found[0] is None
    assert all(found[1:]), found
