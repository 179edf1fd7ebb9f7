"""A move whose call makes something too, as the payment that pays an invoice."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from importing import answering, openapi, taking
from overlaying import over
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

NUMBER = {"type": "integer", "minimum": 1, "maximum": 1000}
MONEY = {"type": "integer", "minimum": 0, "maximum": 1000}
STATE = {"type": "string", "enum": ["open", "paid"]}


def shape(**members: Any) -> dict[str, Any]:
    return {
        "type": "object", "additionalProperties": False, "required": list(members), "properties": members,
    }  # fmt: skip


NAME = {"type": "string", "minLength": 1, "maxLength": 80}
INVOICE = shape(id={"type": "integer"}, name=NAME, gross=NUMBER, paid=MONEY, state=STATE)
PAYMENT = shape(
    id={"type": "integer"},
    invoice_id={"type": "integer"},
    amount=NUMBER,
    note=NAME,
    paid=MONEY,
    state={"const": "booked"},
)
"""It has a state of its own, which is not the invoice's."""
LINES = """
errors:
  inferred: false
  framework: {invalid: UNPROCESSABLE, bad_body: UNPROCESSABLE}
actions:
  pay:
    costs: false
    laws: {adds-up: response.paid == before.paid + response.amount}
resources:
  invoice:
    made_by: {action: issue, input: {name: =fresh.text, gross: 100}}
    read_by: {action: get_invoice, input: {invoice_id: =resource.id}}
    listed_by: {action: list_invoices, at: response}
    found_by: {action: list_invoices, at: response}
    missing: NOT_FOUND
    state: state
    states: [open, paid]
    initial: open
    moves:
      pay:
        from: [open]
        to: paid
        otherwise: CONFLICT
        input: {invoice_id: =resource.id, amount: =resource.gross, note: In parts}
  payment:
    within: invoice
    made_by: {action: pay, input: {invoice_id: =invoice.id, amount: 20, note: In parts}}
    fixed: [paid]
    listed_by: {action: list_payments, input: {invoice_id: =invoice.id}, at: response}
"""


def model(lines: str = LINES, *, of_account: bool = False) -> Model:
    refused = {str(status): {"description": "No"} for status in (404, 409, 422)}
    id = {"name": "invoice_id", "in": "path", "required": True, "schema": {"type": "integer"}}

    def makes(name: str, made: Any, body: Any) -> dict[str, Any]:
        return {
            "operationId": name,
            "requestBody": taking(body),
            "responses": {"201": answering(made)["200"], **refused},
        }

    def reads(name: str, answer: Any) -> dict[str, Any]:
        return {"operationId": name, "responses": {**answering(answer), **refused}}

    def several(schema: Any) -> dict[str, Any]:
        return {"type": "array", "items": schema}

    paths = {
        "/invoices": {
            "get": reads("list_invoices", several(INVOICE)),
            "post": makes("issue", INVOICE, shape(name=NAME, gross=NUMBER)),
        },
        "/invoices/{invoice_id}": {"parameters": [id], "get": reads("get_invoice", INVOICE)},
        "/invoices/{invoice_id}/payments": {
            "parameters": [id],
            "get": reads("list_payments", several(PAYMENT)),
            "post": makes("pay", PAYMENT, shape(amount=NUMBER, note=NAME)),
        },
    }
    if of_account:
        account = {"name": "account_id", "in": "path", "required": True, "schema": {"type": "integer"}}
        issue = paths["/invoices"].pop("post")
        paths["/accounts/{account_id}/invoices"] = {"parameters": [account], "post": issue}
    return over(lines, openapi(paths))


class Books:
    """A right server: an invoice is paid in parts, and never more than is open.

    The invoice `partly` is paid in part from the beginning. To take no more than `most` is wrong, and to say
    that `more` was paid. One that `misreads` an id pays the invoice of somebody else.
    """

    def __init__(self, *, partly: int = 0, most: int = 1000, more: int = 0, misreads: bool = False) -> None:
        self.partly, self.most, self.more, self.ids = partly, most, more, count(1)
        self.invoices: dict[int, dict[str, Any]] = {}
        self.payments: list[dict[str, Any]] = []
        self.misreads = misreads
        if misreads:
            self._issue({"name": "Of others", "gross": 1000})

    def __call__(self, request: Request) -> Response:
        parts = request.path.removeprefix("/accounts/7").strip("/").split("/")
        if parts[0] != "invoices" or len(parts) > 3 or parts[2:] not in ([], ["payments"]):
            return _answer(404)
        if request.method not in (("GET",) if len(parts) == 2 else ("GET", "POST")):
            return Response(405, (("Allow", "GET"),))
        invoice = self.invoices.get(int(parts[1])) if len(parts) > 1 and parts[1].isdecimal() else None
        if len(parts) > 1 and invoice is None:
            return _answer(404 if parts[1].lstrip("-").isdecimal() else 422)
        if request.method == "GET":
            own = [one for one in self.payments if invoice and one["invoice_id"] == invoice["id"]]
            return _answer(200, own if parts[2:] else invoice or list(self.invoices.values()))
        body = read_json(request.body)
        given: Any = None if body.problem else body.value
        return self._issue(given) if invoice is None else self._pay(invoice, given)

    def _issue(self, given: Any) -> Response:
        if not _fits(given, "name", "gross") or not _is_name(given["name"]) or not _is_number(given["gross"]):
            return _answer(422)
        id = next(self.ids)
        self.invoices[id] = {"id": id, **given, "paid": 10 * (id == self.partly), "state": "open"}
        return _answer(201, self.invoices[id])

    def _pay(self, invoice: dict[str, Any], given: Any) -> Response:
        fits = _fits(given, "amount", "note") and _is_number(given["amount"]) and _is_name(given["note"])
        if not fits:
            return _answer(422)
        invoice = self.invoices[1] if self.misreads else invoice
        left = invoice["gross"] - invoice["paid"]
        if given["amount"] > min(left, self.most):
            return _answer(409)
        invoice["paid"] += given["amount"]
        invoice["state"] = "paid" if invoice["paid"] == invoice["gross"] else "open"
        made = {"id": next(self.ids), "invoice_id": invoice["id"], **given}
        self.payments.append({**made, "paid": invoice["paid"] + self.more, "state": "booked"})
        return _answer(201, self.payments[-1])


def _fits(given: Any, *names: str) -> bool:
    return isinstance(given, dict) and given.keys() == {*names}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 80


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value in range(1, 1001)


def _answer(status: int, body: Any = None) -> Response:
    said = {"detail": str(status)} if body is None else body
    return Response(status, (("Content-Type", "application/json"),), json_bytes(said))


def run(server: Books, seed: int, *only: str, lines: str = LINES, of_account: bool = False) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model(lines, of_account=of_account), server, Identities({}),
        Options(live=False, allow_writes=True, allow=("issue", "pay"), seed=seed, only=only),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1", timer=lambda: now[0],
    )  # fmt: skip


def verdicts(report: Report) -> dict[str, str]:
    return {result.contract.id: str(result.verdict) for result in report.results}


MOVES = "state_transitions/invoice/open/pay@rest"


@pytest.mark.parametrize("seed", range(4))
def test_an_invoice_that_was_paid_in_part_is_not_taken_for_open(seed: int) -> None:
    report = run(Books(), seed)
    assert [(f.contract.id, f.actual) for f in report.findings] == []
    assert verdicts(report)[MOVES] == "kept"


def test_a_value_of_the_instance_does_not_name_it() -> None:
    lines = LINES.replace("invoice_id: =resource.id, amount: =resource.gross", "amount: =resource.gross")
    report = run(Books(), 0, MOVES, lines=lines)
    assert [(f.contract.id, f.actual) for f in report.findings] == []
    assert verdicts(report)[MOVES] == "kept"


@pytest.mark.parametrize("misreads", [False, True])
def test_what_a_move_makes_is_not_looked_for_in_what_it_moved(misreads: bool) -> None:
    """An invoice may count in its account. No list shows it, and it does not show the payment's note."""
    lines = LINES.replace("name: =fresh.text, gross", "account_id: 7, name: =fresh.text, gross")
    lines = lines.replace("actions:\n", "actions:\n  issue: {input: {account_id: {refers_to: account}}}\n")
    lines += "  account: {given: '7'}\n"
    for key in ("listed_by", "found_by"):
        lines = lines.replace(f"{key}: {{action: list_invoices, at: response}}", f"{key}: null")
    books = Books(misreads=misreads)
    report = run(books, 0, lines=lines, of_account=True)
    assert (report.footer.alarm is not None) is misreads
    if misreads:
        assert len(books.payments) == 1
    else:
        assert verdicts(report)[MOVES] == "kept"


@pytest.mark.parametrize("seed", range(4))
def test_what_a_move_makes_lives_in_what_its_list_names(seed: int) -> None:
    report = run(Books(), seed, lines=LINES.replace("    within: invoice\n", ""))
    assert [(f.contract.id, f.actual) for f in report.findings] == []
    assert verdicts(report)["read_after_write/listed/payment/list_payments@rest"] == "kept"


@pytest.mark.parametrize(("more", "verdict"), [(0, "kept"), (1, "broken")])
def test_what_a_part_may_have_changed_is_not_read_as_before(more: int, verdict: str) -> None:
    above, below = LINES.split("    state: state\n")
    lines = above + below[below.index("  payment:") :]
    assert verdicts(run(Books(more=more), 0, lines=lines))["law/adds-up/pay@rest"] == verdict


@pytest.mark.parametrize(("partly", "most", "verdict"), [(2, 1000, "kept"), (0, 50, "broken")])
def test_a_refused_move_is_tried_once_more_on_another_instance(partly: int, most: int, verdict: str) -> None:
    assert verdicts(run(Books(partly=partly, most=most), 0, MOVES))[MOVES] == verdict
