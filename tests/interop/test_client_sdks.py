"""The client reads tool calls as the vendors' own SDKs hold them, and writes answers that those SDKs' own
types take.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from calling import run, sandboxed
from pgagents.client.form import form

pytestmark = pytest.mark.interop

NEEDS = "(the `interop` extra)"
SEARCH: dict[str, Any] = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}
CALLS = [
    ("search_parking", SEARCH, True),
    ("get_session", {"session_id": "sess_0"}, False),
    ("search_parking", {"lat": 91}, False),
]


def answered(name: str, message: Any) -> dict[str, Any]:
    _, client = sandboxed()
    found: dict[str, Any] = run(lambda: client.answer(name, message))
    return found


@pytest.mark.parametrize(("tool", "arguments", "good"), CALLS)
def test_google_genai(tool: str, arguments: dict[str, Any], good: bool) -> None:
    types = pytest.importorskip("google.genai.types", reason=f"needs google-genai {NEEDS}")
    call = types.FunctionCall(id="c1", name=tool, args=arguments)
    for message in (call, types.Part(function_call=call), form("gemini").compose(tool, arguments, "c1")):
        part = types.Part.model_validate(answered("gemini", message))
        assert (part.function_response.id, part.function_response.name) == ("c1", tool)
        assert set(part.function_response.response) == {"output" if good else "error"}
    with pytest.raises(ValidationError):
        types.Part.model_validate({"functionResponse": {"name": tool, "result": {}}})


def test_google_genai_reads_a_composed_call() -> None:
    types = pytest.importorskip("google.genai.types", reason=f"needs google-genai {NEEDS}")
    assert types.Part.model_validate(form("gemini").compose("f", {"a": 1}, "c1")).function_call.args == {
        "a": 1
    }


def test_google_api_takes_the_answer_on_the_wire() -> None:
    wire = pytest.importorskip(
        "google.ai.generativelanguage_v1beta.types", reason=f"needs google-ai-generativelanguage {NEEDS}"
    )
    for tool, arguments, _ in CALLS:
        answer = answered("gemini", form("gemini").compose(tool, arguments, "c1"))
        assert (
            wire.Part.from_json(json.dumps(answer), ignore_unknown_fields=False).function_response.name
            == tool
        )


@pytest.mark.parametrize(("tool", "arguments", "good"), CALLS)
def test_openai_chat(tool: str, arguments: dict[str, Any], good: bool) -> None:
    chat = pytest.importorskip("openai.types.chat", reason=f"needs openai {NEEDS}")
    composed = form("openai").compose(tool, arguments, "call_1")
    call = chat.ChatCompletionMessageFunctionToolCall.model_validate(composed)
    assert answered("openai", call) == answered("openai", composed)
    message = TypeAdapter(chat.ChatCompletionToolMessageParam).validate_python(answered("openai", call))
    assert message["tool_call_id"] == "call_1"
    assert ("error" in json.loads(message["content"])) is not good


@pytest.mark.parametrize(("tool", "arguments", "good"), CALLS)
def test_openai_responses(tool: str, arguments: dict[str, Any], good: bool) -> None:
    responses = pytest.importorskip("openai.types.responses", reason=f"needs openai {NEEDS}")
    items = pytest.importorskip(
        "openai.types.responses.response_input_item_param", reason=f"needs openai {NEEDS}"
    )
    call = responses.ResponseFunctionToolCall.model_validate(
        {**form("openai-responses").compose(tool, arguments, "call_1"), "id": "fc_1"}
    )
    item = TypeAdapter(items.FunctionCallOutput).validate_python(answered("openai-responses", call))
    assert item["call_id"] == "call_1"
    assert ("error" in json.loads(item["output"])) is not good
    with pytest.raises(ValidationError):
        TypeAdapter(items.FunctionCallOutput).validate_python(
            {"type": "function_call_output", "call_id": "c"}
        )


@pytest.mark.parametrize(("tool", "arguments", "good"), CALLS)
def test_anthropic(tool: str, arguments: dict[str, Any], good: bool) -> None:
    types = pytest.importorskip("anthropic.types", reason=f"needs anthropic {NEEDS}")
    call = types.ToolUseBlock.model_validate(form("anthropic").compose(tool, arguments, "toolu_1"))
    block = TypeAdapter(types.ToolResultBlockParam).validate_python(answered("anthropic", call))
    assert block["tool_use_id"] == "toolu_1"
    assert block.get("is_error", False) is not good
    with pytest.raises(ValidationError):
        TypeAdapter(types.ToolResultBlockParam).validate_python({"type": "tool_result"})


@pytest.mark.parametrize(("tool", "arguments", "good"), CALLS)
def test_perplexity(tool: str, arguments: dict[str, Any], good: bool) -> None:
    item = pytest.importorskip(
        "perplexity.types.function_call_output_item", reason=f"needs perplexityai {NEEDS}"
    )
    inputs = pytest.importorskip("perplexity.types.input_item_param", reason=f"needs perplexityai {NEEDS}")
    composed = {**form("perplexity").compose(tool, arguments, "call_1"), "thought_signature": "c2ln"}
    call = item.FunctionCallOutputItem.model_validate(composed)
    found = TypeAdapter(inputs.FunctionCallOutputInput).validate_python(answered("perplexity", call))
    assert (found["call_id"], found["name"], found["thought_signature"]) == ("call_1", tool, "c2ln")
    assert ("error" in json.loads(found["output"])) is not good


@pytest.mark.parametrize(("tool", "arguments", "good"), CALLS)
def test_xai(tool: str, arguments: dict[str, Any], good: bool) -> None:
    chat = pytest.importorskip("xai_sdk.chat", reason=f"needs xai-sdk {NEEDS}")
    proto = chat.chat_pb2
    call = proto.ToolCall(
        id="call_1", function=proto.FunctionCall(name=tool, arguments=json.dumps(arguments))
    )
    answer = answered("xai", call)
    assert answer == answered("xai", form("xai").compose(tool, arguments, "call_1"))
    made = chat.tool_result(answer["content"], tool_call_id=answer["tool_call_id"])
    assert (made.role, made.tool_call_id) == (proto.MessageRole.ROLE_TOOL, "call_1")
    assert ("error" in json.loads(made.content[0].text)) is not good
