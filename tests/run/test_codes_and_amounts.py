"""An argument that is read from an instance is a code where a law compares it, unless it is an amount or a
time.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from orders_api import CATALOGUE, KEYS, Orders
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

PAY = """{order_id}/pay", effect: write,
     input: {order_id: {type: integer, minimum: 1, """
CODE = "code: {type: string, minLength: 1, maxLength: 20, required: true}"


def run(server: Any, only: str, *changes: tuple[str, str]) -> Report:
    text = CATALOGUE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return verify(
        load_text(text, "orders.yaml"),
        server,
        Identities(KEYS),
        Options(live=False, only=(only,), allow_writes=True, max_requests=400),
        clock=lambda: 0.0,
        sleep=lambda _: None,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="http://127.0.0.1:1",
    )


LAW = "laws: {same: response.code == input.code},\n     "


@pytest.mark.parametrize(
    ("code", "law", "verdicts"),
    [
        ("100.56", LAW, [Verdict.NOT_APPLICABLE]),
        ("2026-04-18", LAW, [Verdict.NOT_APPLICABLE]),
        ("Kx4-77", LAW, [Verdict.BROKEN]),
        ("12 Elm Street", "", []),  # another address to send an order to is as right
    ],
)
def test_an_amount_a_day_or_an_address_of_an_instance_is_not_a_code(
    code: str, law: str, verdicts: list[Verdict]
) -> None:
    """A server that takes part of a bill, or another day, lets nobody in."""
    orders = Orders(lambda _url, _body: 200, frozenset())

    def coded(request: Request) -> Response:
        answer = orders(request)
        shown = read_json(answer.body).value
        if answer.status < 300 and isinstance(shown, dict) and "state" in shown:
            return replace(answer, body=json.dumps({**shown, "code": code}).encode())
        return answer

    report = run(
        coded,
        "exact_codes",
        ("{id: {type: integer}, text:", "{id: {type: integer}, code: {type: string}, text:"),
        (
            f"{PAY}required: true, refers_to: order}}",
            f"{PAY.replace('input:', f'{law}input:')}required: true, refers_to: order}},\n      {CODE}",
        ),
        (
            "to: paid, input: {order_id: =resource.id}",
            "to: paid, input: {order_id: =resource.id, code: =resource.code}",
        ),
    )
    results = [r for r in report.results if r.contract.check == "exact_codes"]
    assert [r.verdict for r in results if r.verdict is not Verdict.NOT_SELECTED] == verdicts
