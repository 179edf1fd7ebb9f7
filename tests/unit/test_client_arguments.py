"""A model's arguments become the action's: nothing that meant something is lost, nothing unfit is sent."""

from __future__ import annotations

import random
from typing import Any

import pytest

from calling import Script, answered, client_of, park, run
from offering import shop
from pgagents.base.jsonschema.schema import validator
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.client.arguments import Arguments
from pgagents.client.form import form
from pgagents.client.send import request_of
from pgagents.generate.dialect import ANTHROPIC_STRICT, GEMINI, OPENAI_STRICT, PERPLEXITY, XAI
from pgagents.generate.functions import functions


def takes(model: Model, name: str) -> Arguments:
    action = model.action(name)
    assert action is not None
    return Arguments(
        model, action, tuple(p for p in model.surfaces["mcp"].params(action) if p.place != "header")
    )


def strictly(schema: dict[str, Any], given: Any) -> Any:
    """Return the arguments as a model held to a strict schema sends them: every member, null where it is not
    given.
    """
    if isinstance(given, dict) and "properties" in schema:
        return {
            name: strictly(member, given[name]) if name in given else None
            for name, member in schema["properties"].items()
        }
    if isinstance(given, list) and "items" in schema:
        return [strictly(schema["items"], item) for item in given]
    return given


@pytest.mark.parametrize("model", [park(), shop()], ids=["park_graph", "shop"])
@pytest.mark.parametrize(
    "dialect", [OPENAI_STRICT, ANTHROPIC_STRICT, GEMINI, XAI, PERPLEXITY], ids=lambda d: d.name
)
def test_examples_come_back_from_every_dialect(model: Model, dialect: Any) -> None:
    surface = model.surfaces["mcp"]
    found, _ = functions(model, surface, dialect, answers=False)
    seen = 0
    for action, function in zip(surface.actions, found, strict=True):
        offered = {p.name for p in surface.params(action) if p.place != "header"}
        for example in action.examples:
            if example.status >= 400:
                continue
            given = {k: v for k, v in example.input.items() if k in offered}
            sent = strictly(function.parameters, given) if dialect.optional == "null" else given
            if dialect is OPENAI_STRICT:
                assert validator(function.parameters, {}).is_valid(plain(sent))
            raised = takes(model, action.name).normalize(sent)
            assert raised == given
            seen += 1
    assert seen >= 4


def test_null_that_is_a_value_of_its_own_stays() -> None:
    model = shop(actions__place_order__input__note={"type": ["string", "null"], "description": "x"})
    assert takes(model, "place_order").normalize({"product_id": "p-1", "note": None}) == {
        "product_id": "p-1",
        "note": None,
    }


def test_null_for_a_required_argument_stays_and_is_refused() -> None:
    arguments = takes(shop(), "place_order")
    raised = arguments.normalize({"product_id": None, "quantity": 1})
    assert raised == {"product_id": None, "quantity": 1}
    assert [name for name, _ in arguments.list_problems(raised)] == ["product_id"]


def test_whole_numbers_of_a_vendor_without_integers_are_integers_again() -> None:
    raised = takes(shop(), "place_order").normalize({"product_id": "p-1", "quantity": 2.0})
    assert repr(raised["quantity"]) == "2"
    assert takes(park(), "search_parking").normalize({"lat": 39.0, "limit": 5.5}) == {
        "lat": 39.0,
        "limit": 5.5,
    }


def test_whole_number_in_an_alternative_is_an_integer_again() -> None:
    of = {"anyOf": [{"type": "integer"}, {"type": "string"}], "description": "x"}
    model = shop(actions__place_order__input__note=of)
    raised = takes(model, "place_order").normalize({"product_id": "p-1", "quantity": 1, "note": 3.0})
    assert repr(raised["note"]) == "3"


def test_nulls_inside_an_object_go_too() -> None:
    given = {"lot_id": "l", "plate": "P", "vehicle": {"autonomous": True, "fleet_id": None, "vin": None}}
    assert takes(park(), "create_session").normalize(given)["vehicle"] == {"autonomous": True}


def test_alternatives_are_looked_into() -> None:
    of = {
        "anyOf": [{"type": "object", "properties": {"n": {"type": "integer"}}}, {"type": "string"}],
        "description": "x",
    }
    model = shop(actions__place_order__input__note=of)
    given = {"product_id": "p-1", "quantity": 1, "note": {"n": 3.0}}
    assert repr(takes(model, "place_order").normalize(given)["note"]) == "{'n': 3}"
    assert repr(takes(model, "place_order").normalize({**given, "note": {"n": None}})["note"]) == "{}"


FRAME = {"kind": {"const": "frame"}, "material": {"enum": ["steel", "carbon"]}}
WHEEL = {"kind": {"const": "wheel"}, "inches": {"type": "number"}}
SUBJECT = {
    "anyOf": [
        {"type": "object", "required": [*FRAME], "properties": FRAME},
        {"type": "object", "required": [*WHEEL], "properties": WHEEL},
        {"type": "string"},
    ],
    "description": "x",
}


@pytest.mark.parametrize(
    ("note", "at", "why"),
    [
        ({"kind": "frame"}, "note", '"material" is a required property'),
        ({"kind": "frame", "material": "wood"}, "note.material", '"wood" is not one of'),
        ({"kind": "wheel", "inches": "28"}, "note.inches", 'is not of type "number"'),
        ({"kind": "bell"}, "note", "not valid under any"),
        ({"material": "steel"}, "note", "not valid under any"),
        (7, "note", "not valid under any"),
    ],
)
def test_a_problem_is_told_of_the_alternative_that_is_meant(note: Any, at: str, why: str) -> None:
    """FastAPI writes an optional model as one of two alternatives: the model, and null."""
    model = shop(actions__place_order__input__note=SUBJECT)
    ((where, said),) = takes(model, "place_order").list_problems(
        {"product_id": "p-1", "quantity": 1, "note": note}
    )
    assert (where, why in said) == (at, True)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), "\ud800", {1, 2}, object()],
    ids=["nan", "infinite", "surrogate", "set", "object"],
)
def test_values_that_no_json_holds_are_refused(value: Any) -> None:
    assert takes(shop(), "search_products").list_problems({"q": value}) == [
        ("", "the arguments are not JSON")
    ]


def test_problems_are_few_and_short_however_many_there_are() -> None:
    arguments = takes(shop(), "search_products")
    found = arguments.list_problems({f"x{n}" * 100: "y" * 10_000 for n in range(50)})
    assert len(found) <= 5
    assert all(len(name) + len(why) < 500 for name, why in found)


def _with_free_id() -> Model:
    """The shop, with an id in a path that may be any text."""
    return shop(
        actions__cancel_order__input__order_id={
            "type": "string",
            "required": True,
            "refers_to": "order",
            "description": "x",
        }
    )


@pytest.mark.parametrize(
    "id",
    [
        "..",
        ".",
        "",
        " ",
        "a/../b",
        "%2e%2e",
        "%252e%252e%252f7",
        "..;/7",
        "..\\7",
        "7\0",
        "7\n",
        "7%2Fdel",
        "\u2025",
    ],
)
def test_value_that_would_lead_elsewhere_cannot_stand_in_a_path(id: str) -> None:
    script = Script(answered(200, {}))
    answer = run(
        lambda: client_of(_with_free_id(), script).call("cancel_order", {"order_id": id}, confirmed=True)
    )
    assert answer.problem.code == "invalid_arguments"
    assert script.asked == []


def test_path_value_is_encoded_whole() -> None:
    script = Script(answered(200, {}))
    run(
        lambda: client_of(_with_free_id(), script).call(
            "cancel_order", {"order_id": "a/b?c#d é"}, confirmed=True
        )
    )
    assert script.asked[0].target == "/orders/a%2Fb%3Fc%23d%20%C3%A9/cancel"


def test_arguments_go_where_the_catalogue_says() -> None:
    model = park()
    action = model.action("create_session")
    assert isinstance(action, Action)
    request = request_of(
        action,
        {"lot_id": "l", "plate": "P", "idempotency_key": "k"},
        proof=[(credential, "pk_test_1") for credential in model.credentials.values()],
        headers={"X-A": "b"},
    )
    assert request.body == b'{"lot_id":"l","plate":"P"}'
    assert request.header("Idempotency-Key") == "k"
    assert request.header("Authorization") == "Bearer pk_test_1"
    assert request.header("X-A") == "b"


def test_list_in_the_query_is_repeated() -> None:
    model = shop(
        actions__search_products__input__tags={
            "type": "array",
            "items": {"type": "string"},
            "description": "x",
        }
    )
    action = model.action("search_products")
    assert action is not None
    assert request_of(action, {"tags": ["a b", "c"], "limit": 3}).target.endswith("limit=3&tags=a%20b&tags=c")


def test_no_noise_of_a_model_breaks_the_client() -> None:
    """Whatever is sent as arguments, the answer is a refusal or a call that fits: never an exception."""
    rng = random.Random(5)
    values: list[Any] = [
        None,
        True,
        0,
        -1,
        5.0,
        1e308,
        10**40,
        "",
        "x" * 3000,
        "\x00",
        "é\U0001f697",
        [],
        [None],
        {},
        {"a": {"b": []}},
    ]
    names = ["lat", "lng", "radius_km", "limit", "vehicles", "fleet_id", "__class__", "", "lat\x00"]
    model = park()
    script = Script(answered(200, {}))
    client = client_of(model, script)
    for _ in range(150):
        action = rng.choice(model.surfaces["gemini"].actions)
        given = {
            rng.choice([*names, *(str(p.name) for p in action.params)]): rng.choice(values)
            for _ in range(rng.randint(0, 5))
        }
        message = form("gemini").compose(action.name, given, "c")
        answer = run(lambda m=message: client.answer("gemini", m, confirmed=True))
        assert set(answer["functionResponse"]) == {"id", "name", "response"}
    assert script.asked, "some fit"
