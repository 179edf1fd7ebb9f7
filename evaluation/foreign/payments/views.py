"""The paths of the API."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from flask import Blueprint, Response, current_app, g, jsonify, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import BaseConverter

from ..planting import planted
from . import schemas
from .auth import OPERATOR, RateLimit, read_key
from .conditions import matches_weakly
from .errors import ApiError
from .forms import Fields, read_fields, with_defaults
from .idempotency import StoredAnswers
from .service import Service

VERSION = "2026-10-01"
METHODS = ("GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE")
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

v1 = Blueprint("v1", __name__, url_prefix="/v1")


class CustomerIdConverter(BaseConverter):
    """Anything but the path of the search."""

    regex = r"(?!search\Z)[^/]+"


def service() -> Service:
    """The application's service."""
    found: Service = current_app.extensions["coinpost"]
    return found


# before and after every call


@v1.before_app_request
def check_call() -> None:
    """Check what comes before the fields, in its order."""
    if request.routing_exception is not None:
        raise request.routing_exception
    if request.environ["REQUEST_METHOD"] not in METHODS:  # werkzeug reads methods without case
        raise MethodNotAllowed(current_app.url_map.bind_to_environ(request.environ).allowed_methods())
    key = read_key(request.headers.get("Authorization"))
    limit: RateLimit = current_app.extensions["rate_limit"]
    allowed, g.limit_headers = limit.count(key)
    if not allowed:
        raise ApiError("rate_limited", "too many calls; try again later")
    g.account = current_app.extensions["accounts"].get(key, "one")
    _check_role(operator=g.account == OPERATOR)
    version = request.headers.get("Api-Version")
    if version is None:
        raise ApiError("version_missing", "the header Api-Version is missing")
    if version != VERSION:
        raise ApiError("version_unknown", f"the only version is {VERSION}")
    if request.method == "POST":
        check_form()


def _check_role(*, operator: bool) -> None:
    """Refuse the clock to all but the operator, and everything else to the operator."""
    of_operator = request.endpoint == "v1.advance_clock"
    if planted("new-customer-is-forbidden"):
        of_operator = request.endpoint in ("v1.advance_clock", "v1.make_customer")
    if of_operator and planted("clock-of-everybody"):
        return
    if operator != of_operator:
        raise ApiError("forbidden", "this key may not do this")


def check_form() -> None:
    """Refuse a body that is too large, of another type, or no form in UTF-8."""
    body = request.get_data()
    given = request.headers.get("Content-Type") if planted("charset-refused") else request.mimetype
    if given != "application/x-www-form-urlencoded":
        raise ApiError("content_type", "the body must be application/x-www-form-urlencoded")
    try:
        if BAD_ESCAPE.search(body):
            raise ValueError("a bad percent escape")
        unquote_to_bytes(body).decode()
        body.decode()
    except ValueError:
        raise ApiError("body_malformed", "the form cannot be read") from None


@v1.after_app_request
def complete(response: Response) -> Response:
    """Add what every answer has."""
    response.headers["Api-Version"] = VERSION
    response.headers["Request-Id"] = current_app.extensions["new_request_id"]()
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(g.get("limit_headers", {}))
    return response


# reading fields


def read_query(fields: Fields) -> dict[str, Any]:
    """The query's arguments; what is not listed, repeated or empty is refused."""
    values = read_fields(request.args.items(multi=True), fields, empty_is_null=False)
    return with_defaults(values, fields)


def _form_pairs() -> list[tuple[str, str]]:
    """Return the names and values of the form."""
    if not planted("plus-stays"):
        return list(request.form.items(multi=True))
    pieces = [piece.partition("=") for piece in request.get_data().decode().split("&") if piece]
    return [(unquote(name), unquote(value)) for name, _, value in pieces]


def read_form(fields: Fields) -> dict[str, Any]:
    """The form's fields as they were sent, with `ABSENT` for those that were not."""
    query = list(request.args.items(multi=True))
    if query:
        raise ApiError("param_unknown", "this argument is not known", query[0][0])
    return read_fields(_form_pairs(), fields)


def once(action: Callable[[], Response]) -> Response:
    """Do an action, or replay its answer for the same idempotency key."""
    stored: StoredAnswers = current_app.extensions["stored_answers"]
    fields = tuple(sorted(_form_pairs(), key=lambda pair: pair[0]))
    owner = "" if planted("answer-of-another-account") else g.account
    return stored.run(owner, request.path, request.headers.get("Idempotency-Key"), fields, action)


def answer(body: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """A JSON answer; `_` stands for `-` in headers' names."""
    response = jsonify(body)
    response.status_code = status
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


# customers


@v1.post("/customers")
def make_customer() -> Response:
    """9.1"""
    values = with_defaults(read_form(schemas.CUSTOMER), schemas.CUSTOMER)

    def make() -> Response:
        customer, tag = service().make_customer(g.account, values)
        return answer(customer, 201, Location=f"/v1/customers/{customer['id']}", ETag=tag)

    return once(make)


@v1.get("/customers/<customer_id:customer>")
def get_customer(customer: str) -> Response:
    """9.2"""
    read_query({})
    found, tag = service().get_customer(g.account, customer)
    asked = request.headers.get("If-None-Match", "")
    if asked == tag if planted("one-tag-only") else matches_weakly(asked, tag):
        response = Response(status=304, headers={"ETag": tag})
        del response.headers["Content-Type"]
        return response
    return answer(found, ETag=tag)


@v1.post("/customers/<customer_id:customer>")
def change_customer(customer: str) -> Response:
    """9.3"""
    values = read_form(schemas.CUSTOMER_CHANGE)
    changed, tag = service().change_customer(g.account, customer, values, request.headers.get("If-Match"))
    return answer(changed, ETag=tag) if changed else Response(status=200)


@v1.get("/customers/search")
def search_customers() -> Response:
    """9.4"""
    asked = read_query(schemas.CUSTOMER_SEARCH)
    return answer(service().search_customers(g.account, asked["query"], asked["limit"], asked["page"]))


# payments


@v1.post("/payments")
def make_payment() -> Response:
    """9.5"""
    values = with_defaults(read_form(schemas.PAYMENT), schemas.PAYMENT)

    def make() -> Response:
        payment = service().make_payment(g.account, values)
        return answer(payment, 201, Location=f"/v1/payments/{payment['id']}")

    return once(make)


@v1.get("/payments/<payment>")
def get_payment(payment: str) -> Response:
    """9.6"""
    read_query({})
    return answer(service().get_payment(g.account, payment))


@v1.get("/payments")
def list_payments() -> Response:
    """9.7"""
    return answer(service().list_payments(g.account, read_query(schemas.PAYMENT_LIST)))


@v1.post("/refunds")
def make_refund() -> Response:
    """9.8"""
    values = with_defaults(read_form(schemas.REFUND), schemas.REFUND)
    return once(
        lambda: answer(
            service().make_refund(g.account, values["payment"], values["amount"], values["reason"]), 201
        )
    )


# report runs


@v1.post("/report_runs")
def start_report_run() -> Response:
    """9.9"""
    values = read_form(schemas.REPORT_RUN)
    parameters = values["parameters"]
    if parameters["interval_end"] <= parameters["interval_start"]:
        raise ApiError("param_invalid", "the end must be after the start", "parameters[interval_end]")

    def start() -> Response:
        run = service().start_report_run(g.account, values["report_type"], parameters)
        return answer(run, 202, Location=f"/v1/report_runs/{run['id']}", Retry_After="30")

    return once(start)


@v1.get("/report_runs/<report_run>")
def get_report_run(report_run: str) -> Response:
    """9.10"""
    read_query({})
    run, seconds = service().get_report_run(g.account, report_run)
    status = 201 if planted("run-read-is-201") else 200
    if not seconds or planted("poll-without-retry-after"):
        return answer(run, status)
    return answer(run, status, Retry_After=str(seconds))


# webhook endpoints


@v1.post("/webhook_endpoints")
def make_webhook_endpoint() -> Response:
    """9.11"""
    values = read_form(schemas.WEBHOOK_ENDPOINT)
    return once(
        lambda: answer(
            service().make_webhook_endpoint(g.account, values["url"], values["enabled_events"]), 201
        )
    )


@v1.delete("/webhook_endpoints/<webhook_endpoint>")
def remove_webhook_endpoint(webhook_endpoint: str) -> Response:
    """9.12"""
    read_query({})
    return answer(service().remove_webhook_endpoint(g.account, webhook_endpoint))


# the clock of the test place


@v1.post("/clock")
def advance_clock() -> Response:
    """11"""
    return answer(service().advance_clock(read_form(schemas.CLOCK)["advance_s"]))
