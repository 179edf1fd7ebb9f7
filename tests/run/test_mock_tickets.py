"""The mock of the tickets: its log, holds that orders use, provoked failures, channels and linked pages."""

from __future__ import annotations

from typing import Any

import pytest

from sandboxes import Caller

SHOW = "sh_hamlet00"


@pytest.fixture
def box_office() -> Caller:
    return Caller("tickets")


def _order(caller: Caller, **more: Any) -> dict[str, Any]:
    body = {"show_id": SHOW, "email": "ada@example.com", **more}
    found: dict[str, Any] = caller.data("POST", "/v1/orders", body, status=201)["order"]
    return found


def _free(caller: Caller) -> int:
    return int(caller.data("GET", f"/v1/shows/{SHOW}")["available"])


def _log(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller.data("GET", f"/v1/test/log{query}", key="operator")["entries"]
    return found


def test_order_takes_over_the_seat_of_its_hold(box_office: Caller) -> None:
    before = _free(box_office)
    hold = box_office.data("POST", "/v1/holds", {"show_id": SHOW}, status=201)["hold"]
    assert _free(box_office) == before - 1
    _order(box_office, hold_id=hold["id"])
    assert _free(box_office) == before - 1
    box_office.data("DELETE", f"/v1/holds/{hold['id']}", status=404)
    _order(box_office)
    assert _free(box_office) == before - 2


def test_hold_of_another_show_is_refused_and_stays(box_office: Caller) -> None:
    hold = box_office.data("POST", "/v1/holds", {"show_id": "sh_medea000"}, status=201)["hold"]
    before = _free(box_office)
    body = {"show_id": SHOW, "email": "ada@example.com", "hold_id": hold["id"]}
    box_office.data("POST", "/v1/orders", body, status=404)
    assert _free(box_office) == before
    assert box_office("DELETE", f"/v1/holds/{hold['id']}").status == 204


def test_log_has_each_success_once_and_no_refusal(box_office: Caller) -> None:
    order = _order(box_office)
    box_office.data("POST", f"/v1/orders/{order['id']}/refund", {"code": "wrong"}, status=404)
    box_office.data("POST", f"/v1/orders/{order['id']}/refund", {"code": order["code"]})
    _order(box_office)
    entries = _log(box_office, f"?order_id={order['id']}")
    assert [entry["action"] for entry in entries] == ["refund_order", "place_order"]
    assert [entry["changes"] for entry in entries] == [
        {"status": [None, "refunded"]},
        {"status": [None, "paid"]},
    ]
    assert len(_log(box_office)) == 3
    assert len(_log(box_office, "?limit=1")) == 1


def test_read_leaves_an_entry_through_the_dispatcher_alone(box_office: Caller) -> None:
    box_office.data("GET", f"/v1/shows/{SHOW}")
    assert _log(box_office) == []
    box_office.data("POST", "/v1/agents/actions", {"action": "get_show", "with": {"show_id": SHOW}})
    assert [(e["action"], e["channel"], e["changes"]) for e in _log(box_office)] == [
        ("get_show", "chatgpt", None)
    ]


def test_order_has_the_channel_that_made_it(box_office: Caller) -> None:
    asked = {"action": "place_order", "with": {"show_id": SHOW, "email": "ada@example.com"}}
    assert box_office.data("POST", "/v1/agents/actions", asked)["order"]["channel"] == "chatgpt"
    body = {"show_id": SHOW, "email": "ada@example.com"}
    assert (
        box_office.data("POST", "/v1/orders", body, status=201, key="assistant")["order"]["channel"]
        == "copilot"
    )
    assert _order(box_office)["channel"] is None


def test_provoked_failure_meets_the_next_call_about_that_instance_once(box_office: Caller) -> None:
    one, two = _order(box_office), _order(box_office)
    box_office.data("POST", f"/v1/test/orders/{one['id']}/failure", key="operator")
    box_office.data("POST", f"/v1/orders/{two['id']}/refund", {"code": two["code"]})
    failed = box_office.data("POST", f"/v1/orders/{one['id']}/refund", {"code": one["code"]}, status=502)
    assert failed["type"] == "https://stagedoor.example/problems/provider-down"
    assert box_office.data("GET", f"/v1/orders/{one['id']}")["order"]["status"] == "paid"
    box_office.data("POST", f"/v1/orders/{one['id']}/refund", {"code": one["code"]})


def test_provoked_failure_of_the_next_order_leaves_nothing(box_office: Caller) -> None:
    before = _free(box_office)
    box_office.data("POST", "/v1/test/orders/next/failure", key="operator")
    box_office.data("POST", "/v1/orders", {"show_id": SHOW, "email": "ada@example.com"}, status=502)
    assert _free(box_office) == before
    _order(box_office)


def test_page_is_there_for_a_ticket_and_for_no_other(box_office: Caller) -> None:
    order = _order(box_office)
    page = box_office("GET", order["ticket_url"].removeprefix("https://stagedoor.example"), key=None)
    assert page.status == 200
    assert (page.header("content-type") or "").startswith("text/html")
    assert order["code"].encode() not in page.body
    assert box_office("GET", "/t/or_zzzzzzzzzzzz", key=None).status == 404
