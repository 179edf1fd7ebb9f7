"""The pages of a list are followed as far as each announces one that can be requested, and no further."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.verify.cases.shared_rows import is_listed_for_other
from pgagents.verify.lists import follow_pages
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from small_api import URL, with_resource
from test_own_probes import answer, exchange_of

LISTING = (
    "    output: "
    "{200: {type: object, properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]}}"
)
MODEL = with_resource(
    (
        LISTING,
        """    input: {cursor: {type: string, pattern: "^[0-9]+$"}}
    pages: {items: response.notes, next: response.next, argument: cursor}
"""
        + LISTING.replace("Note}}}", "Note}}, next: {type: [string, 'null']}}"),
    )
)
SETTING = setting_of(MODEL, URL, roles=frozenset(("main", "second")))


@pytest.mark.parametrize(
    ("announced", "most", "sent"),
    [
        (["2", "3", None], 9, [None, "2", "3"]),
        (["2", "3", "4", "5"], 3, [None, "2", "3"]),
        (["no number", "2"], 9, [None]),
    ],
)
def test_each_page_is_requested_once(announced: list[str | None], most: int, sent: list[str | None]) -> None:
    asked = list[Any]()

    def send(call: Call) -> Exchange:
        asked.append(call.input.get("cursor"))
        return exchange_of(MODEL, call, answer(200, {"notes": [], "next": announced[len(asked) - 1]}))

    call = Call(SETTING.endpoint("list_notes", "rest"), {}, "explore", "a list")
    pages = [more.input.get("cursor") for more, _ in follow_pages(SETTING, call, send, most)]
    assert pages == asked == sent


@pytest.mark.parametrize(("further", "listed"), [("7", None), (None, False)])
def test_a_list_that_goes_on_for_ever_does_not_show_that_a_row_is_left_out(
    further: str | None, listed: bool | None
) -> None:
    """The owner's list has the row, and no page of the other's that was read."""

    def reply(call: Any) -> Exchange:
        rows = [{"id": "n1", "text": "Hi"}] if call.role == "main" else []
        return exchange_of(MODEL, call, answer(200, {"notes": rows, "next": further}))

    with answering(reply):
        assert is_listed_for_other(SETTING, MODEL.resources["note"], {"id": "n1"}) is listed
