"""Customers, payments, report runs and webhook endpoints in memory."""

import random
import string
from dataclasses import dataclass, field
from typing import Any

from ..planting import planted

ALPHABET = string.ascii_letters + string.digits


@dataclass
class Customer:
    """Somebody who pays."""

    id: str
    account: str
    email: str
    name: str | None
    address: dict[str, str | None] | None
    locales: list[str]
    metadata: dict[str, str]
    created: int
    updated: int
    revision: int = 1
    columns_revision: int = 1  # of everything but the metadata
    position: int = 0

    @property
    def tag(self) -> str:
        """The entity tag of the present state."""
        revision = self.revision
        if planted("tag-without-metadata"):
            revision = self.columns_revision
        return f'"{self.id.removeprefix("cus_")}r{revision}"'

    def to_json(self) -> dict[str, Any]:
        """The Customer."""
        return {
            "id": self.id,
            "object": "customer",
            "email": self.email,
            "name": self.name,
            "address": self.address,
            "locales": self.locales,
            "metadata": self.metadata,
            "created": self.created,
            "updated": self.updated,
        }


@dataclass
class Refund:
    """Money that went back."""

    id: str
    payment: str
    amount: int
    currency: str
    reason: str | None
    created: int

    def to_json(self) -> dict[str, Any]:
        """The Refund."""
        return {
            "id": self.id,
            "object": "refund",
            "payment": self.payment,
            "amount": self.amount,
            "currency": self.currency,
            "reason": self.reason,
            "created": self.created,
        }


@dataclass
class Payment:
    """Money that came in."""

    id: str
    account: str
    amount: int
    currency: str
    customer: str
    description: str | None
    metadata: dict[str, str]
    created: int
    refunds: list[Refund] = field(default_factory=list)
    position: int = 0

    @property
    def amount_refunded(self) -> int:
        """The sum of the refunds."""
        return sum(refund.amount for refund in self.refunds)

    @property
    def status(self) -> str:
        """The state that follows from the part that was refunded."""
        if self.amount_refunded == 0:
            return "succeeded"
        refunded = self.amount_refunded
        if planted("status-by-last-refund"):
            refunded = self.refunds[-1].amount
        return "refunded" if refunded == self.amount else "partially_refunded"

    def to_json(self) -> dict[str, Any]:
        """The Payment."""
        return {
            "id": self.id,
            "object": "payment",
            "amount": self.amount,
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "metadata": self.metadata,
            "status": self.status,
            "amount_refunded": self.amount_refunded,
            "refunds": [refund.to_json() for refund in self.refunds],
            "created": self.created,
        }


@dataclass
class ReportRun:
    """A sum over payments that is ready after a while."""

    id: str
    account: str
    report_type: str
    parameters: dict[str, Any]
    summary: dict[str, int]
    created: int
    announced: bool = False

    RUNNING_AFTER = 10
    ENDED_AFTER = 30

    @property
    def end(self) -> int:
        """The moment at which it ends."""
        return self.created + self.ENDED_AFTER

    def status(self, now: int) -> str:
        """Return the state of its progress at a time."""
        if now >= self.end:
            return "failed" if self.report_type == "payments.unavailable" else "succeeded"
        return "running" if now >= self.created + self.RUNNING_AFTER else "pending"

    def to_json(self, now: int) -> dict[str, Any]:
        """The Report run."""
        status = self.status(now)
        return {
            "id": self.id,
            "object": "report_run",
            "report_type": self.report_type,
            "parameters": self.parameters,
            "status": status,
            "result": self.summary if status == "succeeded" else None,
            "error": "report_unavailable" if status == "failed" else None,
            "created": self.created,
            "ended": self.end if now >= self.end else None,
        }


@dataclass
class WebhookEndpoint:
    """The address at which an account receives events."""

    id: str
    account: str
    url: str
    enabled_events: list[str]
    secret: str
    created: int

    def to_json(self, *, with_secret: bool) -> dict[str, Any]:
        """The Webhook endpoint."""
        return {
            "id": self.id,
            "object": "webhook_endpoint",
            "url": self.url,
            "enabled_events": self.enabled_events,
            "secret": self.secret if with_secret else None,
            "created": self.created,
        }


class Store:
    """Everything there is, in the order of making."""

    def __init__(self, rng: random.Random) -> None:
        self.customers: dict[str, Customer] = {}
        self.payments: dict[str, Payment] = {}
        self.report_runs: dict[str, ReportRun] = {}
        self.open_runs: list[ReportRun] = []
        self.webhook_endpoints: dict[str, WebhookEndpoint] = {}
        self._rng = rng

    def new_id(self, prefix: str) -> str:
        """An id that was never given."""
        return f"{prefix}_" + "".join(self._rng.choices(ALPHABET, k=24))

    def random_bytes(self, count: int) -> bytes:
        """Bytes for a secret."""
        return self._rng.randbytes(count)

    def add_customer(self, customer: Customer) -> Customer:
        """Keep a customer behind all others."""
        customer.position = len(self.customers)
        self.customers[customer.id] = customer
        return customer

    def add_payment(self, payment: Payment) -> Payment:
        """Keep a payment behind all others."""
        payment.position = len(self.payments)
        self.payments[payment.id] = payment
        return payment


def seed(store: Store, now: int) -> None:
    """Put the first data of the test place into an empty store."""
    ada, bo = "cus_Aaaaaaaaaaaaaaaaaaaaaaa1", "cus_Bbbbbbbbbbbbbbbbbbbbbbb1"
    cups, more = "pay_Aaaaaaaaaaaaaaaaaaaaaaa1", "pay_Aaaaaaaaaaaaaaaaaaaaaaa2"
    store.add_customer(Customer(ada, "one", "ada@example.com", "Ada Lund", None, [], {}, now, now))
    store.add_customer(Customer(bo, "two", "bo@example.com", None, None, [], {}, now, now))
    store.add_payment(Payment(cups, "one", 1200, "eur", ada, "Two cups", {}, now))
    refund = Refund("ref_Aaaaaaaaaaaaaaaaaaaaaaa1", more, 1500, "usd", "requested", now)
    store.add_payment(Payment(more, "one", 5000, "usd", ada, None, {}, now, [refund]))
