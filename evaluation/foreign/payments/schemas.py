"""The fields of each action."""

import re
from dataclasses import replace

from ..planting import planted
from .forms import Choice, Field, Fields, Integer, Invalid, Metadata, Object, Reference, Text, TextList

FAR = 99_999_999_999
CURRENCIES = ("eur", "usd", "gbp")
STATUSES = ("succeeded", "partially_refunded", "refunded")
EVENTS = ("payment.succeeded", "payment.refunded", "report_run.ended")

EMAIL = Text(required=True, most=200, pattern=r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
CUSTOMER: Fields = {
    "email": EMAIL,
    "name": Text(most=100),
    "address": Object(
        fields={
            "line1": Text(required=True, most=200),
            "city": Text(required=True, most=100),
            "postal_code": Text(most=20),
            "country": Text(required=True, pattern="[A-Z]{2}"),
        }
    ),
    "locales": TextList(item=Text(pattern="[a-z]{2}(-[A-Z]{2})?"), most=5, default=[]),
    "metadata": Metadata(default={}),
}
CUSTOMER_CHANGE: Fields = {**CUSTOMER, "email": replace(EMAIL, required=False, nullable=False)}
PAYMENT: Fields = {
    "amount": Integer(required=True, least=50, most=99_999_999),
    "currency": Choice(required=True, choices=CURRENCIES),
    "customer": Reference(required=True),
    "source": Choice(required=True, choices=("tok_ok", "tok_declined")),
    "description": Text(most=200),
    "metadata": Metadata(default={}),
}
REFUND: Fields = {
    "payment": Reference(required=True),
    "amount": Integer(least=1, most=99_999_999),
    "reason": Choice(choices=("duplicate", "fraudulent", "requested")),
}
REPORT_RUN: Fields = {
    "report_type": Choice(required=True, choices=("payments.summary", "payments.unavailable")),
    "parameters": Object(
        required=True,
        as_whole=False,
        fields={
            "interval_start": Integer(required=True, least=0, most=FAR),
            "interval_end": Integer(required=True, least=0, most=FAR),
            "currency": Choice(required=True, choices=CURRENCIES),
        },
    ),
}
CLOCK: Fields = {"advance_s": Integer(required=True, least=1, most=7_776_000)}

LIMIT = Integer(least=1, most=100, default=10)
PAYMENT_LIST: Fields = {
    "customer": Text(pattern="cus_[A-Za-z0-9]{24}"),
    "status": Choice(choices=STATUSES),
    "created": Object(
        fields={
            "gte": Integer(least=0, most=FAR, nullable=False),
            "lt": Integer(least=0, most=FAR, nullable=False),
        },
        default={"gte": None, "lt": None},
    ),
    "limit": LIMIT,
    "starting_after": Reference(),
}
CUSTOMER_SEARCH: Fields = {"query": Text(required=True, most=300), "limit": LIMIT, "page": Reference()}


class Url(Field):
    """The target of webhooks: https, or this machine over http."""

    forms = re.compile(
        r"(https://[A-Za-z0-9._~%!$&'()*+,;=-]+|https://\[[0-9A-Fa-f:.]+\]|http://127\.0\.0\.1|http://localhost)"
        r"(:[0-9]{1,5})?([/?][A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]*)?"
    )

    def parse(self, value: str) -> str:
        """Refuse other schemes, users, fragments and what is not a URL."""
        match = self.forms.fullmatch(value)
        if match and not match[3] and planted("url-without-path-refused"):
            match = None
        if len(value) > 500 or not match or int((match[2] or ":0")[1:]) > 65_535:
            raise Invalid("an https URL without user and fragment is wanted")
        return value


WEBHOOK_ENDPOINT: Fields = {
    "url": Url(required=True),
    "enabled_events": TextList(required=True, item=Choice(choices=EVENTS), least=1, most=3),
}
