"""xAI's own package and OpenAI's types, whose shape xAI follows, take the Grok files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

pytestmark = pytest.mark.interop

NEEDS = "(the `interop` extra)"


def _read(generated: Path, name: str) -> list[dict[str, Any]]:
    return json.loads((generated / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # our own document


def _nested() -> TypeAdapter[Any]:
    chat = pytest.importorskip("openai.types.chat", reason=f"needs openai {NEEDS}")
    return TypeAdapter(chat.ChatCompletionFunctionToolParam)


def _flat() -> TypeAdapter[Any]:
    responses = pytest.importorskip("openai.types.responses", reason=f"needs openai {NEEDS}")
    return TypeAdapter(responses.FunctionToolParam)


def test_chat_tools_have_the_nested_form(generated: Path) -> None:
    adapter = _nested()
    assert _read(generated, "xai/tools.chat.json")
    for tool in _read(generated, "xai/tools.chat.json"):
        adapter.validate_python(tool)


def test_responses_tools_have_the_flat_form(generated: Path) -> None:
    adapter = _flat()
    assert _read(generated, "xai/tools.responses.json")
    for tool in _read(generated, "xai/tools.responses.json"):
        adapter.validate_python({**tool, "strict": True})  # OpenAI requires the key, xAI does not heed it


def test_the_judges_tell_the_forms_apart(generated: Path) -> None:
    nested, flat = _read(generated, "xai/tools.chat.json")[0], _read(generated, "xai/tools.responses.json")[0]
    with pytest.raises(ValidationError, match="function"):
        _nested().validate_python(flat)
    with pytest.raises(ValidationError, match="name"):
        _flat().validate_python({**nested, "strict": True})


def test_xais_own_package_takes_each_tool_unchanged(generated: Path) -> None:
    chat = pytest.importorskip("xai_sdk.chat", reason=f"needs xai-sdk {NEEDS}")
    for tool in _read(generated, "xai/tools.responses.json"):
        made = chat.tool(tool["name"], tool["description"], tool["parameters"])
        assert json.loads(made.function.parameters) == tool["parameters"]


def test_parameters_are_json_schema(generated: Path) -> None:
    assert _read(generated, "xai/tools.responses.json")
    for tool in _read(generated, "xai/tools.responses.json"):
        jsonschema.Draft202012Validator.check_schema(tool["parameters"])
