"""Each vendor's message is read, called and answered in that vendor's form, and a bad one is told for what
it is.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from calling import run, sandboxed
from offering import shop
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Response
from pgagents.client.answer import Answer, Problem
from pgagents.client.client import Client
from pgagents.client.form import form, form_names
from pgagents.client.send import sending
from sandboxes import VAIL

FORMS = ["anthropic", "gemini", "openai", "openai-responses", "perplexity", "xai", "xai-responses"]
SEARCH = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}


def shown(name: str, message: dict[str, Any]) -> Any:
    """Return what the model reads in an answer of this form."""
    if name == "gemini":
        response = message["functionResponse"]["response"]
        return response.get("output", response)
    return json.loads(message["output" if "output" in message else "content"])


def test_forms_are_found_by_their_files() -> None:
    assert form_names() == FORMS


@pytest.mark.parametrize("name", FORMS)
def test_call_is_made_and_answered_under_its_own_id(name: str) -> None:
    caller, client = sandboxed()
    message = form(name).compose("search_parking", SEARCH, "call_7")
    answer = run(lambda: client.answer(name, message))
    assert shown(name, answer) == caller.data("GET", VAIL)
    assert "call_7" in json.dumps(answer)


@pytest.mark.parametrize("name", FORMS)
def test_refusal_of_the_api_is_told_with_status_code_and_request_id(name: str) -> None:
    _, client = sandboxed()
    answer = run(
        lambda: client.answer(name, form(name).compose("get_session", {"session_id": "sess_0"}, "c"))
    )
    error = shown(name, answer)["error"]
    assert error["status"] == 404
    assert error["code"] == "NOT_FOUND"
    assert error["request_id"].startswith("req_")
    assert set(error) == {"status", "code", "message", "request_id"}


@pytest.mark.parametrize("name", FORMS)
def test_unknown_tool_and_unfit_arguments_are_told_and_not_sent(name: str) -> None:
    _, client = sandboxed()
    vendor = form(name)
    for tool, arguments, code, words in [
        ("search_parkin", {}, "unknown_tool", "search_parking"),
        ("search_parking", {"lat": 1, "lng": 2, "radius": 3}, "invalid_arguments", "radius_km"),
        ("search_parking", {"lat": 91, "lng": 2}, "invalid_arguments", "maximum of 90"),
        ("search_parking", {"lng": 2}, "invalid_arguments", "lat: it is missing"),
        (
            "create_session",
            {"lot_id": "l", "plate": "P", "idempotency_key": "k"},
            "invalid_arguments",
            "idempotency_key",
        ),
    ]:
        error = shown(name, run(lambda t=tool, a=arguments: client.answer(name, vendor.compose(t, a, "c"))))[
            "error"
        ]
        assert error["code"] == code
        assert words in error["message"]
        assert "status" not in error


@pytest.mark.parametrize("name", ["openai", "openai-responses", "perplexity", "xai", "xai-responses"])
@pytest.mark.parametrize(
    "text", ["{lat: 1}", "[1]", '{"lat": NaN}', '{"lat": 1, "lat": 2}', '{"a":' * 300, '"\\ud800"']
)
def test_arguments_that_are_no_json_object_are_told_to_the_model(name: str, text: str) -> None:
    _, client = sandboxed()
    message = form(name).compose("search_parking", {}, "c")
    message.get("function", message)["arguments"] = text
    error = shown(name, run(lambda: client.answer(name, message)))["error"]
    assert error["code"] == "invalid_arguments"
    assert error["message"].startswith("the arguments cannot be read: ")


@pytest.mark.parametrize("name", ["openai", "openai-responses", "perplexity", "xai", "xai-responses"])
def test_no_text_at_all_is_a_call_without_arguments(name: str) -> None:
    message = form(name).compose("list_sessions", {}, "c")
    message.get("function", message)["arguments"] = ""
    _, client = sandboxed()
    assert shown(name, run(lambda: client.answer(name, message))).keys() >= {"sessions"}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(
    "message", [{}, {"name": ""}, {"function": 3}, 7, None, {"type": "text", "text": "hello"}]
)
def test_message_of_another_kind_is_an_error_of_the_caller(name: str, message: Any) -> None:
    with pytest.raises(PgagentsError, match=r"tool call|functionCall|function_call|tool_use"):
        form(name).read(message)


def test_unknown_form_is_told_with_the_known_ones() -> None:
    with pytest.raises(PgagentsError) as caught:
        form("gemni")
    assert "gemini" in caught.value.help


def test_catalogue_without_the_vendors_surface_is_told() -> None:
    _, client = sandboxed("shop")
    with pytest.raises(PgagentsError, match=r"surfaces\.anthropic"):
        run(lambda: client.answer("anthropic", form("anthropic").compose("search_products", {}, "c")))


def test_name_of_a_surface_is_mapped_back() -> None:
    model = shop(actions__search_products__texts={"gemini": {"name": "find_goods"}})
    asked = []

    def handler(request: Any) -> Response:
        asked.append(request)
        return Response(200, (), b'{"products":[]}')

    client = Client(model, sending(handler), "try_k")
    answer = run(lambda: client.answer("gemini", form("gemini").compose("find_goods", {"q": "pot"}, "c")))
    assert shown("gemini", answer) == {"products": []}
    assert asked[0].target == "/products?q=pot"
    refused = run(lambda: client.answer("gemini", form("gemini").compose("search_products", {}, "c")))
    assert shown("gemini", refused)["error"]["code"] == "unknown_tool"


def test_both_spellings_of_gemini_and_a_bare_call_are_read() -> None:
    call = {"name": "f", "args": {"a": 1}}
    read = form("gemini").read
    assert read({"functionCall": call}) == read({"function_call": call}) == read(call)
    assert read({"name": "f"}).arguments == {}
    assert "id" not in form("gemini").write(read(call), Answer("f", 200, {}))["functionResponse"]


def test_perplexity_gets_name_and_signature_back() -> None:
    vendor = form("perplexity")
    call = vendor.read({**vendor.compose("f", {}, "c"), "thought_signature": "c2ln"})
    assert vendor.write(call, Answer("f", 200, {"a": None})) == {
        "type": "function_call_output",
        "call_id": "c",
        "name": "f",
        "output": '{"a":null}',
        "thought_signature": "c2ln",
    }


def test_anthropic_marks_an_error_as_one() -> None:
    vendor = form("anthropic")
    call = vendor.read(vendor.compose("f", {}, "c"))
    assert "is_error" not in vendor.write(call, Answer("f", 200, {}))
    assert vendor.write(call, Answer("f", None, None, Problem("x", "y")))["is_error"] is True


def test_answer_without_a_body_says_its_status() -> None:
    vendor = form("openai")
    assert (
        vendor.write(vendor.read(vendor.compose("f", {}, "c")), Answer("f", 204, None))["content"]
        == '{"status":204}'
    )
