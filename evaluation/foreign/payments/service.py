"""The actions' behaviour."""

import base64
import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..planting import planted
from .clock import Clock
from .conditions import matches_strongly
from .errors import ApiError, Unavailable, no_such
from .forms import ABSENT
from .pages import Cursors, parse_query
from .storage import Customer, Payment, Refund, ReportRun, Store, WebhookEndpoint
from .webhooks import Webhooks

MAX_REFUNDS = 20
MAX_ENDPOINTS = 16
TICK_S = 0.2
ROUND_TRIP_S = 0.02  # to the database that a server like this has

P = ParamSpec("P")
R = TypeVar("R")
Json = dict[str, Any]


def _locked(action: Callable[Concatenate["Service", P], R]) -> Callable[Concatenate["Service", P], R]:
    """Let one call in at a time, after the report runs whose time is up have ended."""

    def run(self: "Service", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            self.settle_runs()
            return action(self, *args, **kwargs)

    return run


def _add_up(cents: Iterable[int]) -> int:
    if planted("report-in-floats"):
        return int(sum(amount / 100 for amount in cents) * 100)
    return sum(cents)


class Service:
    """The actions of the API, each for one account."""

    def __init__(self, store: Store, clock: Clock, rng: random.Random) -> None:
        self.store, self.clock = store, clock
        self.lock = threading.RLock()
        self._cursors = Cursors(rng.randbytes(32))
        self._webhooks = Webhooks(self._is_wanted, store.new_id)
        threading.Thread(target=self._tick, daemon=True).start()

    # report runs end and are announced whether or not anybody reads them

    def _tick(self) -> None:
        while True:
            time.sleep(TICK_S)
            with self.lock:
                self.settle_runs()

    def settle_runs(self) -> None:
        """Announce the runs that have ended since the last time."""
        now = self.clock()
        for run in [run for run in self.store.open_runs if now >= run.end]:
            self.store.open_runs.remove(run)
            self._announce("report_run.ended", run.end, run.to_json(now), run.account)

    def _announce(self, event: str, at: int, data: Json, account: str) -> None:
        endpoints = [
            endpoint
            for endpoint in self.store.webhook_endpoints.values()
            if endpoint.account == account and event in endpoint.enabled_events
        ]
        self._webhooks.announce(event, at, data, endpoints)

    def _is_wanted(self, endpoint: WebhookEndpoint) -> bool:
        return endpoint.id in self.store.webhook_endpoints

    # customers

    def _customer(self, account: str, id: str, param: str | None = None) -> Customer:
        customer = self.store.customers.get(id)
        if customer is None or customer.account != account:
            raise no_such("customer", param)
        return customer

    @_locked
    def make_customer(self, account: str, values: Json) -> tuple[Json, str]:
        """A new customer, and its tag."""
        now = self.clock()
        customer = Customer(self.store.new_id("cus"), account, **values, created=now, updated=now)
        self.store.add_customer(customer)
        return customer.to_json(), customer.tag

    @_locked
    def get_customer(self, account: str, id: str) -> tuple[Json, str]:
        """One customer, and its tag."""
        customer = self._customer(account, id)
        return customer.to_json(), customer.tag

    @_locked
    def change_customer(self, account: str, id: str, values: Json, if_match: str | None) -> tuple[Json, str]:
        """A customer with other values, and its tag."""
        customer = self._customer(account, id)
        guarded = if_match is not None and not planted("if-match-ignored")
        if guarded and not matches_strongly(if_match or "", customer.tag):
            raise ApiError("tag_mismatch", "the customer has changed")
        pays = any(payment.customer == id for payment in self.store.payments.values())
        if planted("change-of-new-customer-lost") and not pays:
            return {}, customer.tag
        if planted("change-of-payer-503") and pays:
            raise Unavailable
        empty: Json = {"name": None, "address": None, "locales": [], "metadata": {}}
        changed = False
        for member, sent in values.items():
            if sent is ABSENT or (sent is None and planted("name-not-cleared")):
                continue
            value = empty[member] if sent is None else sent
            if member == "metadata" and planted("metadata-merged"):
                value = {**customer.metadata, **value}
            if getattr(customer, member) != value:
                setattr(customer, member, value)
                customer.columns_revision += member != "metadata"
                changed = True
        if changed:
            customer.updated = self.clock()
            customer.revision += 1
        return customer.to_json(), customer.tag

    @_locked
    def search_customers(self, account: str, query: str, limit: int, page: str | None) -> Json:
        """A page of the customers that match, newest first."""
        matching = parse_query(query)
        before = len(self.store.customers) if page is None else self._cursors.read(page, account, query)
        found = [
            customer
            for customer in reversed(self.store.customers.values())
            if customer.account == account and matching(customer)
        ]
        rest = [customer for customer in found if customer.position < before]
        data, more = rest[:limit], len(rest) > limit
        return {
            "object": "search_result",
            "url": "/v1/customers/search",
            "data": [customer.to_json() for customer in data],
            "has_more": more,
            "next_page": self._cursors.make(data[-1].position, account, query) if more else None,
            "total_count": len(found),
        }

    # payments and refunds

    def _payment(self, account: str, id: str, param: str | None = None) -> Payment:
        payment = self.store.payments.get(id)
        if payment is None or payment.account != account:
            raise no_such("payment", param)
        return payment

    @_locked
    def make_payment(self, account: str, values: Json) -> Json:
        """A new payment."""
        source = values.pop("source")
        if planted("missing-customer-500"):
            values["customer"] = self.store.customers[values["customer"]].id
        self._customer(account, values["customer"], "customer")
        now = self.clock()
        payment = Payment(self.store.new_id("pay"), account, **values, created=now)
        if planted("declined-payment-kept"):
            self.store.add_payment(payment)
        if source == "tok_declined":
            raise ApiError("card_declined", "the card was declined", "source")
        if not planted("declined-payment-kept"):
            self.store.add_payment(payment)
        self._announce("payment.succeeded", now, self._payload(payment), account)
        return payment.to_json()

    def _payload(self, payment: Payment) -> Json:
        """Return an event's text about a payment."""
        payload = payment.to_json()
        if planted("event-without-metadata"):
            payload["metadata"] = {}
        return payload

    @_locked
    def get_payment(self, account: str, id: str) -> Json:
        """One payment."""
        return self._payment(account, id).to_json()

    @_locked
    def list_payments(self, account: str, query: Json) -> Json:
        """A page of the payments that match, newest first."""
        before = len(self.store.payments)
        if query["starting_after"] is not None:
            try:
                before = self._payment(account, query["starting_after"]).position
            except ApiError:
                raise ApiError("cursor_invalid", "there is no such payment", "starting_after") from None
        earliest, end = query["created"]["gte"], query["created"]["lt"]
        found = [
            payment
            for payment in reversed(self.store.payments.values())
            if payment.account == account
            and payment.position < before
            and query["customer"] in (None, payment.customer)
            and query["status"] in (None, payment.status)
            and (earliest is None or payment.created >= earliest)
            and (end is None or payment.created < end + planted("created-lt-inclusive"))
        ]
        limit = len(found) + 1 if planted("limit-ignored") else query["limit"]
        more = len(found[:limit]) == limit if planted("has-more-when-full") else len(found) > limit
        if planted("more-without-filters") and found:
            last = found[:limit][-1].position
            more = any(p.account == account and p.position < last for p in self.store.payments.values())
        return {
            "object": "list",
            "url": "/v1/payments",
            "data": [payment.to_json() for payment in found[:limit]],
            "has_more": more,
        }

    def make_refund(self, account: str, payment_id: str, amount: int | None, reason: str | None) -> Json:
        """A new refund of a part of a payment, or of all that is left."""
        if planted("refunds-race"):
            payment, left = _locked(Service._find_refundable)(self, account, payment_id, amount)
            time.sleep(ROUND_TRIP_S)
            return _locked(Service._add_refund)(self, account, payment, amount or left, reason)
        with self.lock:
            self.settle_runs()
            payment, left = self._find_refundable(account, payment_id, amount)
            return self._add_refund(account, payment, amount or left, reason)

    def _find_refundable(self, account: str, payment_id: str, amount: int | None) -> tuple[Payment, int]:
        """A payment of which so much can be refunded, and all that is left of it."""
        if planted("refund-of-another-account") and payment_id in self.store.payments:
            payment = self.store.payments[payment_id]
        else:
            payment = self._payment(account, payment_id, "payment")
        left = payment.amount - payment.amount_refunded
        if not left:
            raise ApiError("already_refunded", "nothing is left to refund")
        if len(payment.refunds) >= MAX_REFUNDS:
            raise ApiError("too_many_refunds", f"a payment has at most {MAX_REFUNDS} refunds")
        if amount is not None and amount > left:
            raise ApiError("refund_too_large", f"only {left} is left to refund")
        return payment, left

    def _add_refund(self, account: str, payment: Payment, amount: int, reason: str | None) -> Json:
        now = self.clock()
        refund = Refund(self.store.new_id("ref"), payment.id, amount, payment.currency, reason, now)
        before = self._payload(payment)
        payment.refunds.append(refund)
        payload = before if planted("event-before-refund") else self._payload(payment)
        if payment.status == "refunded" or not planted("partial-refund-not-told"):
            self._announce("payment.refunded", now, payload, account)
        return refund.to_json()

    # report runs

    @_locked
    def start_report_run(self, account: str, report_type: str, parameters: Json) -> Json:
        """A new run over the payments as they are now."""
        counted = [
            payment
            for payment in self.store.payments.values()
            if payment.account == account
            and (payment.currency == parameters["currency"] or planted("report-adds-currencies"))
            and parameters["interval_start"] <= payment.created < parameters["interval_end"]
        ]
        if not counted and planted("empty-report-500"):
            raise RuntimeError("syntax error near '' at line 2")
        gross = _add_up(payment.amount for payment in counted)
        refunded = _add_up(payment.amount_refunded for payment in counted)
        summary = {
            "payments_count": len(counted),
            "gross": gross,
            "refunded": refunded,
            "net": gross - refunded,
        }
        now = self.clock()
        run = ReportRun(self.store.new_id("run"), account, report_type, parameters, summary, now)
        self.store.report_runs[run.id] = run
        self.store.open_runs.append(run)
        return run.to_json(now)

    @_locked
    def get_report_run(self, account: str, id: str) -> tuple[Json, int]:
        """A run, and the seconds to its end (0 if it has ended)."""
        run = self.store.report_runs.get(id)
        if run is None or run.account != account:
            raise no_such("report run")
        now = self.clock()
        return run.to_json(now), max(0, run.end - now)

    # webhook endpoints

    @_locked
    def make_webhook_endpoint(self, account: str, url: str, enabled_events: list[str]) -> Json:
        """A new endpoint with its secret."""
        endpoints = self.store.webhook_endpoints
        if sum(endpoint.account == account for endpoint in endpoints.values()) >= MAX_ENDPOINTS:
            raise ApiError("too_many_endpoints", f"an account has at most {MAX_ENDPOINTS} endpoints")
        secret = "whsec_" + base64.b64encode(self.store.random_bytes(32)).decode()
        endpoint = WebhookEndpoint(
            self.store.new_id("wep"), account, url, enabled_events, secret, self.clock()
        )
        endpoints[endpoint.id] = endpoint
        return endpoint.to_json(with_secret=True)

    @_locked
    def remove_webhook_endpoint(self, account: str, id: str) -> Json:
        """Forget an endpoint."""
        endpoint = self.store.webhook_endpoints.get(id)
        if endpoint is None or endpoint.account != account:
            raise no_such("webhook endpoint")
        del self.store.webhook_endpoints[id]
        return {"id": id, "object": "webhook_endpoint", "deleted": True}

    # the clock

    @_locked
    def advance_clock(self, seconds: int) -> Json:
        """Move the clock ahead, and end what ends thereby."""
        self.clock.advance(seconds)
        self.settle_runs()
        return {"now": self.clock()}
