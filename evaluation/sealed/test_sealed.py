"""The right server keeps its document, and each bug of `BUGS.md` shows with its name only."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
from jsonschema import Draft202012Validator, FormatChecker

pytest.importorskip("falcon", reason="falcon is not installed; pip install '.[foreign]' installs it")

from evaluation.sealed import app as right
from evaluation.sealed.bugs import BUGS, module_with

pytestmark = pytest.mark.matrix

MEADOW, HARBOUR = "pk-meadow-4c1f7a", "pk-harbour-e92b03"
VISIT = {
    "animal_id": 1,
    "vet": "Dr. Test",
    "starts_at": "2027-05-01T10:00:00Z",
    "minutes": 30,
    "reason": "Cough",
}
OWNER = {"name": "Nora Falk", "email": "nora@example.org", "city": "Berlin"}
PATHS = right.resolved(right.DOCUMENT["paths"])


@dataclass
class Got:
    """An answer."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Client:
    """Calls a server and remembers which answers it has seen."""

    port: int
    seen: set[tuple[str, int]] = field(default_factory=set)
    mistakes: list[str] = field(default_factory=list)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = MEADOW,
        raw: bytes | None = None,
        **headers: str,
    ) -> Got:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["X-API-Key"] = key
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request(method, path, raw, sent)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        got = Got(
            response.status,
            json.loads(text) if text else None,
            {k.lower(): v for k, v in response.getheaders()},
        )
        self.fits(method.lower(), path.split("?")[0], got)
        return got

    def fits(self, method: str, path: str, got: Got) -> None:
        """Notes an answer, and what of it the document does not allow."""
        for template, item in PATHS.items():
            if method in item and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                self.seen.add((item[method]["operationId"], got.status))
                self.mistakes += list(mistakes(item[method]["responses"].get(str(got.status)), got))


def mistakes(response: Any, got: Got) -> Iterator[str]:
    """Return what is wrong with an answer by its piece of the document."""
    if response is None:
        yield f"{got.status} is not documented"
        return
    for name, header in response.get("headers", {}).items():
        value = got.headers.get(name.lower())
        if value is None or not re.fullmatch(header["schema"].get("pattern", ".*"), value):
            yield f"{name}: {value}"
    content = response.get("content")
    if content is None:
        if got.body is not None:
            yield "a body that is not documented"
        return
    if got.headers.get("content-type") != "application/json":
        yield f"Content-Type: {got.headers.get('content-type')}"
    schema = content["application/json"]["schema"]
    for error in Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(got.body):
        yield f"{list(error.path)}: {error.message}"


@contextmanager
def serving(module: Any) -> Iterator[Client]:
    """A client of a new server."""
    server = module.serve(module.make_app(), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
    thread.start()
    try:
        yield Client(server.server_port)
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def plain() -> Iterator[Client]:
    """A client of a right server, shared by the tests that show that a bug is not there."""
    with serving(right) as client:
        yield client


def test_document_is_valid() -> None:
    openapi_spec_validator.validate(right.DOCUMENT)


def test_every_documented_answer_is_given() -> None:
    with serving(right) as call:
        walk(call)
    assert call.mistakes == []
    documented = {
        (operation["operationId"], int(status))
        for item in PATHS.values()
        for method, operation in item.items()
        if method in right.METHODS
        for status in operation["responses"]
    }
    assert documented - call.seen == set()
    assert call.seen - documented == set()


def walk(call: Client) -> None:
    """A round through all operations and all their answers."""
    for path, item in PATHS.items():
        for method in set(item) & set(right.METHODS):
            here = re.sub(r"\{\w+\}", "1", path).replace("services/1", "services/CHECK")
            lost = re.sub(r"\{\w+\}", "4711", path).replace("services/4711", "services/GONE")
            assert call(method.upper(), here, key=None).status == 401
            assert call(method.upper(), here, key="pk-unknown").status == 401
            if "requestBody" in item[method]:
                assert call(method.upper(), here, raw=b"a", Content_Type="text/plain").status == 415
                assert call(method.upper(), here, raw=b'{"a": NaN}').status == 400
                assert call(method.upper(), here, {"nothing_known": 1}).body["details"] != []
            elif method == "get" and any(
                parameter["in"] == "query" for parameter in item[method].get("parameters", [])
            ):
                query = "from=x&to=2026-01-01" if path == "/summary" else "per_page=0"
                assert call("GET", f"{here}?{query}").status == 400
            if lost != here and "requestBody" not in item[method]:
                assert call(method.upper(), lost).status == 404
                assert call(method.upper(), re.sub(r"\{\w+\}", "x", path)).status == 404
    assert call("GET", "/practice").body["name"] == "Meadow Animal Practice"
    summary = call("GET", "/summary?from=2026-09-01&to=2026-09-30").body
    assert summary["visits"] == {"booked": 0, "started": 0, "finished": 3, "cancelled": 0}
    assert summary["invoices"] == 2
    walk_owners(call)
    walk_services(call)
    walk_visits(call)


def walk_owners(call: Client) -> None:
    """Owners and animals."""
    assert [item["name"] for item in call("GET", "/owners?city=Berlin&sort=-name").body["items"]] == [
        "Faye Linde",
        "Dana Voss",
        "Alma Brink",
    ]
    assert call("GET", "/owners?q=KERR&per_page=1").body["total"] == 1
    owner = call("POST", "/owners", OWNER)
    assert owner.status == 201
    here, tag = owner.headers["location"], owner.headers["etag"]
    assert call("POST", "/owners", OWNER).body["code"] == "email_taken"
    assert call("POST", "/owners", OWNER, key=HARBOUR).status == 201
    assert call("GET", here).body == owner.body
    assert call("GET", here, key=HARBOUR).status == 404
    assert call("GET", here, If_None_Match=tag).status == 304
    assert call("PATCH", here, {"city": "Trier"}).status == 428
    assert call("PATCH", "/owners/4711", {"city": "Trier"}).status == 404
    assert call("PATCH", here, {"city": "Trier"}, If_Match='"owner-0-0"').status == 412
    assert call("PATCH", here, {"email": "alma@example.org"}, If_Match=tag).status == 409
    assert call("PATCH", here, {"city": "Trier"}, If_Match=tag).body["city"] == "Trier"
    assert call("PATCH", here, {"phone": None}, If_Match=tag).status == 412
    animals = f"{here}/animals"
    animal = call(
        "POST", animals, {"name": "Rex", "species": "dog", "weight_grams": 100.0, "chip": "276098100000009"}
    )
    assert animal.status == 201
    assert call("GET", here).body["animals"] == 1
    there = animal.headers["location"]
    assert call("GET", there).body == animal.body
    assert call("GET", f"/owners/1/animals/{animal.body['id']}").status == 404
    assert call("GET", f"{animals}?species=cat").body["total"] == 0
    assert call("GET", "/owners/1/animals?born_before=2021-09-30").body["total"] == 1
    assert call("POST", animals, {"name": "Rex", "species": "dog", "chip": "276098100000001"}).status == 409
    assert call("POST", "/owners/4711/animals", {"name": "Rex", "species": "dog"}).status == 404
    assert call("PUT", there, {"name": "Rex", "species": "cat"}).body["chip"] is None
    assert call("PUT", there, {"name": "Rex", "species": "cat", "chip": "276098100000001"}).status == 409
    assert call("PUT", "/owners/1/animals/4711", {"name": "Rex", "species": "cat"}).status == 404
    assert call("DELETE", here).status == 409
    assert call("DELETE", "/owners/1/animals/1").status == 409
    assert call("DELETE", there).status == 204
    assert call("DELETE", here).status == 204
    for body in ('{"name": "\\ud800"}', "[" * 20000, ""):
        assert call("POST", "/owners", raw=body.encode()).status == 400
    for wrong in ({"name": "a\n"}, {"email": "a@b"}, {"phone": "12"}, {"city": 1}, {"city": None}, {"id": 1}):
        assert call("POST", "/owners", {**OWNER, "email": "other@example.org", **wrong}).status == 422, wrong


def walk_services(call: Client) -> None:
    """The price list."""
    assert [item["code"] for item in call("GET", "/services?active=true&max_price=28.50").body["items"]] == [
        "CARD",
        "CHECK",
        "FOOD-2",
    ]
    service = {"code": "NEW", "title": "New", "price": "1.05", "tax_percent": 7}
    made = call("POST", "/services", service)
    assert made.body == {**service, "active": True}
    assert call("POST", "/services", service).status == 409
    here = made.headers["location"]
    assert call("GET", here).status == 200
    change = {"title": "New", "price": "2.00", "tax_percent": 7, "active": False}
    assert call("PUT", here, change).body["price"] == "2.00"
    assert call("PUT", "/services/GONE", change).status == 404
    assert call("DELETE", "/services/CHECK").status == 409
    assert call("DELETE", here).status == 204


def walk_visits(call: Client) -> None:
    """Visits, treatments and invoices."""
    assert [item["id"] for item in call("GET", "/visits?state=finished&sort=-starts_at").body["items"]] == [
        4,
        2,
        1,
    ]
    assert call("GET", "/visits?from=2026-09-01T10:30:00%2B02:00&to=2026-09-15T13:00:00Z").body["total"] == 1
    assert call("GET", "/visits?owner_id=4&vet=Dr.%20Rauh").body["total"] == 2
    made = call("POST", "/visits", VISIT, Idempotency_Key="first-key")
    assert made.status == 201
    again = call("POST", "/visits", VISIT, Idempotency_Key="first-key")
    assert (again.body, again.headers["idempotency-replayed"]) == (made.body, "true")
    assert (
        call("POST", "/visits", {**VISIT, "minutes": 45}, Idempotency_Key="first-key").body["code"]
        == "key_reused"
    )
    assert call("POST", "/visits", VISIT, Idempotency_Key="?").status == 400
    assert (
        call("POST", "/visits", {**VISIT, "starts_at": "2027-05-01T12:25:00.5+02:00"}).body["code"]
        == "vet_busy"
    )
    assert call("POST", "/visits", {**VISIT, "animal_id": 4}).body["code"] == "unknown_animal"
    here, tag = made.headers["location"], made.headers["etag"]
    late = call("POST", "/visits", {**VISIT, "starts_at": "2027-05-01T12:30:00.9+02:00"})
    assert late.body["starts_at"] == "2027-05-01T10:30:00Z"
    assert call("GET", here).body == made.body
    assert call("GET", here, If_None_Match=f'"x", {tag}').status == 304
    assert call("PATCH", here, {"minutes": 40}).status == 428
    assert call("PATCH", here, {"minutes": 40}, If_Match='"visit-0-0"').status == 412
    assert call("PATCH", here, {"minutes": 40}, If_Match=tag).body["code"] == "vet_busy"
    assert call("PATCH", "/visits/4711", {"minutes": 40}, If_Match=tag).status == 404
    assert call("PATCH", here, {"minutes": 20, "reason": "Cold"}, If_Match=tag).body["minutes"] == 20
    assert call("POST", f"{late.headers['location']}/cancel", {"reason": "Ill"}).body["state"] == "cancelled"
    assert call("POST", f"{late.headers['location']}/cancel", {"reason": "Ill"}).status == 409
    assert call("POST", "/visits/4711/cancel", {"reason": "Ill"}).status == 404
    treatment = {"service_code": "CHECK", "quantity": 3}
    assert call("POST", f"{here}/treatments", treatment).status == 409
    assert call("POST", f"{here}/finish").status == 409
    assert call("POST", f"{here}/start").body["state"] == "started"
    assert call("POST", f"{here}/start").status == 409
    assert call("PATCH", here, {"minutes": 40}, If_Match="*").status == 409
    assert (
        call("POST", f"{here}/treatments", {**treatment, "service_code": "LASER"}).body["code"]
        == "unknown_service"
    )
    assert call("POST", "/visits/4711/treatments", treatment).status == 404
    done = call("POST", f"{here}/treatments", treatment)
    assert (done.status, done.body["total"]) == (201, "85.50")
    extra = call("POST", f"{here}/treatments", {**treatment, "service_code": "FOOD-2", "note": "dry"})
    assert call("GET", here).body["total"] == "145.47"
    assert call("GET", f"{here}/treatments").body["total"] == 2
    assert call("GET", done.headers["location"]).body == done.body
    assert call("DELETE", extra.headers["location"]).status == 204
    assert call("DELETE", "/visits/1/treatments/1").status == 409
    assert call("POST", f"{here}/invoice", {}).body["code"] == "wrong_state"
    assert call("POST", f"{here}/finish").body["state"] == "finished"
    assert call("POST", "/visits/4711/invoice", {}).status == 404
    bill = call("POST", f"{here}/invoice", {"due_in_days": 0, "discount_percent": 15})
    assert bill.status == 201
    assert (bill.body["net"], bill.body["tax"], bill.body["gross"], bill.body["state"]) == (
        "72.68",
        "13.81",
        "86.49",
        "open",
    )
    assert bill.body["due_on"] == bill.body["issued_on"]
    assert call("POST", f"{here}/invoice", {}).body["code"] == "already_invoiced"
    assert (
        call("GET", "/invoices?state=paid&owner_id=1&due_before=2026-09-16&sort=-due_on").body["total"] == 1
    )
    there = bill.headers["location"]
    assert call("GET", there).body == bill.body
    payment = {"amount": "80.00", "paid_on": "2027-05-02", "method": "card"}
    assert call("POST", f"{there}/payments", payment, Idempotency_Key="pay-once").status == 201
    assert call("POST", f"{there}/payments", payment, Idempotency_Key="pay-once").status == 201
    assert call("POST", f"{there}/payments", payment).body["code"] == "overpaid"
    assert call("POST", f"{there}/payments", {**payment, "amount": "0.00"}).status == 422
    assert call("POST", "/invoices/4711/payments", payment).status == 404
    assert call("GET", there).body["open"] == "6.49"
    assert call("POST", f"{there}/payments", {**payment, "amount": "6.49"}).status == 201
    assert call("GET", there).body["state"] == "paid"
    assert [item["amount"] for item in call("GET", f"{there}/payments").body["items"]] == ["80.00", "6.49"]


def test_methods_and_paths_that_are_not_offered(plain: Client) -> None:
    wrong = plain("DELETE", "/practice")
    assert (wrong.status, wrong.body["code"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["allow"]
    assert plain("GET", "/nowhere").body["code"] == "not_found"


def zero_is_a_number(call: Client) -> bool:
    return call("GET", "/invoices/1").body["open"] == 0


def location_of_the_owner(call: Client) -> bool:
    made = call("POST", "/owners/1/animals", {"name": "Fips", "species": "other"})
    return call("GET", made.headers["location"]).body != made.body


def reason_not_kept(call: Client) -> bool:
    before = call("GET", "/visits/8")
    told = call("PATCH", "/visits/8", {"reason": "Stitches"}, If_Match=before.headers["etag"])
    assert (told.status, told.body["reason"]) == (200, "Stitches")
    return call("GET", "/visits/8").body["reason"] != "Stitches"


def services_first_page(call: Client) -> bool:
    first, second = (call("GET", f"/services?per_page=2&page={page}").body for page in (1, 2))
    assert second["page"] == 2
    return first["items"] == second["items"]


def last_page_by_default_size(call: Client) -> bool:
    return call("GET", "/visits?per_page=2&page=2").body["page"] != 2


def finish_refusal_is_200(call: Client) -> bool:
    got = call("POST", "/visits/9/finish")
    assert call("GET", "/visits/9").body["state"] == "booked"
    return got.status == 200


def inactive_service_503(call: Client) -> bool:
    return call("POST", "/visits/7/treatments", {"service_code": "LASER", "quantity": 1}).status == 503


def any_key_moves_visits(call: Client) -> bool:
    return call("POST", "/visits/10/cancel", {"reason": "Mistake"}, key=MEADOW).status == 200


def open_is_0_in_lists(call: Client) -> bool:
    return call("GET", "/invoices").body["items"][1]["open"] != call("GET", "/invoices/2").body["open"]


def owners_without_animals_missing(call: Client) -> bool:
    assert call("GET", "/owners/8").status == 200
    return 8 not in [item["id"] for item in call("GET", "/owners").body["items"]]


def owner_patch_405(call: Client) -> bool:
    return call("PATCH", "/owners/1", {"city": "Bonn"}, If_Match="*").status == 405


def cancelled_is_the_rest(call: Client) -> bool:
    return "finished" in [item["state"] for item in call("GET", "/visits?state=cancelled").body["items"]]


SHOWS: dict[str, Callable[[Client], bool]] = {name: globals()[name.replace("-", "_")] for name in BUGS}


@pytest.mark.parametrize("name", BUGS)
def test_bug_shows_with_its_name_only(name: str, plain: Client) -> None:
    assert not SHOWS[name](plain)
    with serving(module_with(name)) as call:
        assert SHOWS[name](call)


def test_table_names_every_bug() -> None:
    table = (Path(__file__).parent / "BUGS.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z0-9-]+)`", table, re.MULTILINE) == list(BUGS)
