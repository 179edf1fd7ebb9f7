"""States follow from an enumerated member and the last words of paths, where a 409 refuses other states."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.text import list_said_of_thing
from test_import_resources import answer, by_id, create

NOT_NOW = {"description": "Not in this state"}


def ticket(*states: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "status"],
        "properties": {"id": {"type": "integer"}, "status": {"type": "string", "enum": [*states], **more}},
    }


def act(item: dict[str, Any], *, conflict: bool = True, body: dict[str, Any] | None = None) -> dict[str, Any]:
    found = answer(item)
    if conflict:
        found["responses"]["409"] = NOT_NOW
    return {"post": {**found, **(body or {})}}


def infer(item: dict[str, Any], **acts: dict[str, Any]) -> tuple[dict[str, Any], str]:
    paths = {
        "/tickets": {"post": create(item, subject={"type": "string"})},
        "/tickets/{id}": by_id("id") | {"get": answer(item)},
        **{f"/tickets/{{id}}/{word}": by_id("id") | one for word, one in acts.items()},
    }
    made = imported(openapi(paths))
    return made.data["resources"]["ticket"], made.text


def test_states_and_transitions_follow_from_paths() -> None:
    item = ticket("open", "closed")
    found, text = infer(item, close=act(item), reopen=act(item))
    assert (found["state"], found["states"], found["initial"]) == ("status", ["open", "closed"], "open")
    close, reopen = found["moves"].values()
    assert close == {
        "from": ["open"],
        "to": "closed",
        "input": {"id": "=resource.id"},
        "otherwise": "CONFLICT",
        "inferred": True,
    }
    assert (reopen["from"], reopen["to"]) == (["closed"], "open")
    assert found["undone_by"]["action"] == next(iter(found["moves"])), "nothing else ends a ticket"
    assert "POST /tickets/{id}/close and POST /tickets/{id}/reopen" in text.replace("\n", " ")


@pytest.mark.parametrize(
    ("word", "states", "to"),
    [
        ("cancel", ["new", "canceled"], "canceled"),
        ("cancel", ["new", "cancelled"], "cancelled"),
        ("pay", ["new", "PAID"], "PAID"),
        ("ship", ["new", "shipped"], "shipped"),
        ("approve", ["new", "approved"], "approved"),
        ("deny", ["new", "denied"], "denied"),
        ("activate", ["new", "active"], "active"),
        ("complete", ["todo", "done"], "done"),
        ("start", ["queued", "in_progress"], "in_progress"),
    ],
)
def test_state_of_a_verb_is_its_participle_or_the_usual_word(word: str, states: list[str], to: str) -> None:
    item = ticket(*states)
    found, _ = infer(item, **{word: act(item)})
    assert next(iter(found["moves"].values()))["to"] == to


def test_states_that_follow_each_other_begin_at_the_one_before() -> None:
    item = ticket("draft", "paid", "sent", "cancelled", "lost")
    found, _ = infer(item, pay=act(item), send=act(item), cancel=act(item))
    begins = {move["to"]: move["from"] for move in found["moves"].values()}
    assert begins == {"paid": ["draft"], "sent": ["paid"], "cancelled": ["draft", "paid", "sent"]}


def test_default_of_the_member_is_the_first_state() -> None:
    item = ticket("closed", "open", default="open")
    assert infer(item, close=act(item))[0]["initial"] == "open"


OPEN = ticket("open", "closed")
MORE = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["why"], "properties": {"why": {"type": "string"}}}
            }
        },
    }
}


@pytest.mark.parametrize(
    ("item", "word", "one"),
    [
        (OPEN, "close", act(OPEN, conflict=False)),
        (OPEN, "close", act(OPEN, body=MORE)),
        (OPEN, "comments", act(OPEN)),
        (
            ticket("open", "closed", type="string") | {"properties": {"id": {"type": "integer"}}},
            "close",
            act(OPEN),
        ),
        (ticket("canceled", "cancelled"), "cancel", act(OPEN)),
    ],
    ids=["no 409", "more arguments", "no verb", "no member", "two states"],
)
def test_nothing_is_inferred_where_the_document_does_not_show_it(
    item: dict[str, Any], word: str, one: dict[str, Any]
) -> None:
    assert "moves" not in infer(item, **{word: one})[0]


@pytest.mark.parametrize("states", [("working",), ("working", "parked")], ids=["one left", "two left"])
def test_verb_of_no_state_leads_to_the_one_that_is_left(states: tuple[str, ...]) -> None:
    item = ticket("open", *states, "done")
    found, _ = infer(item, start=act(item), finish=act(item))
    begins = {move["to"]: move["from"] for move in found["moves"].values()}
    wanted = {"working": ["open"], "done": ["working"]} if len(states) == 1 else {"done": ["open"]}
    assert begins == wanted


def test_removal_that_exists_stays_the_end() -> None:
    paths = {
        "/tickets": {"post": create(OPEN, subject={"type": "string"})},
        "/tickets/{id}": by_id("id") | {"get": answer(OPEN), "delete": answer(None, "204")},
        "/tickets/{id}/close": by_id("id") | act(OPEN),
    }
    found = imported(openapi(paths)).data["resources"]["ticket"]
    assert "moves" in found
    assert found["undone_by"]["action"].startswith("delete_")


def test_error_whose_status_stands_alone_is_read_too() -> None:
    one = answer(OPEN)
    one["responses"]["404"] = {}
    made = imported(openapi({"/tickets/{id}": by_id("id") | {"get": one}}))
    assert made.data["resources"]["ticket"]["missing"]


def test_every_state_of_the_enum_is_one_that_a_line_may_name() -> None:
    item = ticket("open", "working", "done", "closed")
    found, _ = infer(item, close=act(item))
    assert found["states"] == ["open", "working", "done", "closed"]
    assert [move["from"] for move in found["moves"].values()] == [["open"]]


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("new or open -> void; an open one frees its place.", ["new", "open"]),
        ("`new`/`open` → `void`", ["new", "open"]),
        ("Moves from either new, open or held to void", ["new", "open", "held"]),
        ("Only new or open tickets can be voided; an open one frees its place", ["new", "open"]),
        ("Voids a new or an open ticket", ["new", "open"]),
        ("Voids a held ticket", ["held"]),
        ("Voids it while new or held. A held one frees its place", []),
        ("new -> held -> void, a held one frees its place", []),
        ("an open-ended ticket", []),
    ],
)
def test_states_that_a_text_lists_are_read_whole_or_not_at_all(said: str, begins: list[str]) -> None:
    assert list_said_of_thing(said, ["new", "open", "held"]) == begins


def test_transition_begins_in_each_state_of_an_arrow() -> None:
    item = ticket("new", "open", "closed", "voided")
    said = act(item)
    said["post"]["description"] = "new or open -> voided; an open one frees its place."
    found, _ = infer(item, void=said, open=act(item), close=act(item))
    begins = {move["to"]: move["from"] for move in found["moves"].values()}
    assert begins["voided"] == ["new", "open"]
