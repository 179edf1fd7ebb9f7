"""Bugs that a run of the server can be given, by name; none is chosen unless somebody asks."""

from typing import NamedTuple


class Bug(NamedTuple):
    """A mistake that somebody made in a real server."""

    level: str  # easy, middling or subtle to notice
    wrong: str
    section: str  # of the prose, which forbids what a client sees
    seen: str
    thread: str


BUGS: dict[str, Bug] = {
    "created-lt-inclusive": Bug(
        "easy",
        "The upper end of the range is compared with ≤.",
        "9.7",
        "`created[lt]` lists payments made at that second",
        "https://github.com/elastic/kibana/issues/3306",
    ),
    "has-more-when-full": Bug(
        "easy",
        "A full page is taken for a sign that more follows.",
        "7",
        "`has_more` is true on a last page with exactly `limit` items",
        "https://github.com/Divkix/Logwell/issues/62",
    ),
    "if-match-ignored": Bug(
        "easy",
        "The precondition of a change is never looked at.",
        "8, 9.3",
        "200 and a changed customer for an `If-Match` with another tag, instead of 412",
        "https://github.com/HarperFast/harper/issues/1395",
    ),
    "missing-customer-500": Bug(
        "easy",
        "The customer of a new payment is taken from the store without asking if it is there.",
        "9.5",
        "500 instead of 404 for an unknown `customer`",
        "https://github.com/atviriduomenys/spinta/issues/363",
    ),
    "name-not-cleared": Bug(
        "easy",
        "A change skips fields whose value is null.",
        "9.3",
        "`name=` leaves the name; so do `address=`, `metadata=` and `locales=`",
        "https://github.com/SuiteCRM/SuiteCRM/issues/10210",
    ),
    "declined-payment-kept": Bug(
        "middling",
        "The payment is stored before the card is charged, and stays when the card is declined.",
        "9.5, 3",
        "after 402 `card_declined` there is one payment more in lists and sums",
        "https://github.com/drhenner/ror_ecommerce/issues/116",
    ),
    "event-without-metadata": Bug(
        "middling",
        "The payload of events about payments is put together by hand, without the metadata.",
        "10",
        "`data.metadata` of a message is empty, while the payment has some",
        "https://github.com/whopio/whop-sdk-ts/issues/198",
    ),
    "key-with-other-fields": Bug(
        "middling",
        "The stored answer is found by its key alone, and the fields are not compared.",
        "6",
        "the same `Idempotency-Key` with other fields replays 201 instead of 400 `idempotency_mismatch`",
        "https://github.com/josipmusa/idempotency4j/issues/12",
    ),
    "refund-of-another-account": Bug(
        "middling",
        "The payment of a refund is looked up by id alone.",
        "2, 9.8",
        "an account refunds another account's payment: 201 instead of 404",
        "https://github.com/guillermoscript/lms-front/issues/743",
    ),
    "status-by-last-refund": Bug(
        "middling",
        "A payment counts as refunded if its last refund has its whole amount.",
        "8",
        "refunds that add up to `amount` leave `status` at `partially_refunded`",
        "https://github.com/nopSolutions/nopCommerce/issues/740",
    ),
    "cursor-with-plus": Bug(
        "subtle",
        "Cursors are made with the alphabet of base64 that has + and /.",
        "7",
        "some `next_page` break the pattern and, put into the query as they are, are `cursor_invalid`",
        "https://github.com/twentyhq/twenty/pull/25822",
    ),
    "refunds-race": Bug(
        "subtle",
        "What is left is read and the refund made in two steps that another call can come between.",
        "9.8",
        "refunds at the same time are all 201, and `amount_refunded` is more than `amount`",
        "https://github.com/juspay/hyperswitch/issues/13182",
    ),
    "report-in-floats": Bug(
        "subtle",
        "A report adds up euros as floating-point numbers and cuts the sum back to cents.",
        "8",
        "`gross` or `refunded` of a run are a cent less than the payments for some amounts",
        "https://github.com/Chinmayamission/CFF/issues/77",
    ),
    "signature-over-own-json": Bug(
        "subtle",
        "The signature is over the payload encoded anew by another serializer, not over the bytes sent.",
        "10",
        "`webhook-signature` does not fit where a text has characters beyond ASCII",
        "https://github.com/getsentry/sentry/issues/71025",
    ),
    "tag-without-metadata": Bug(
        "subtle",
        "The entity tag is made of the columns, and the metadata are in another table.",
        "8",
        "a change of `metadata` alone keeps the `ETag`; a client with the former one gets 304",
        "https://github.com/open-metadata/OpenMetadata/pull/30502",
    ),
}

_planted: set[str] = set()


def plant(name: str) -> None:
    """Switch a bug of the list on, before the application is created."""
    if name not in BUGS:
        raise KeyError(name)
    _planted.add(name)


def planted(name: str) -> bool:
    """True if the server was started with this bug."""
    return name in _planted
