"""Pawprint, the books of a veterinary practice: a JSON API on Falcon and SQLite, as `openapi.yaml` tells.

`python -m evaluation.sealed.app --port 8080` serves it on the loopback interface until it is interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import falcon
import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

TEXT = (Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = yaml.load(TEXT, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
METHODS = ("get", "post", "put", "patch", "delete")
KEYS = {"pk-meadow-4c1f7a": 1, "pk-harbour-e92b03": 2}
STORE = (Path(__file__).parent / "store.sql").read_text(encoding="utf-8")
OWNER = "SELECT o.*, (SELECT count(*) FROM animals a WHERE a.owner_id = o.id) AS animals FROM owners o"
ANIMAL = "SELECT * FROM animals"
SERVICE = "SELECT * FROM services"
VISIT = """SELECT v.*, a.owner_id, (SELECT coalesce(sum(quantity * unit_price), 0) FROM treatments t
  WHERE t.visit_id = v.id) AS total FROM visits v JOIN animals a ON a.id = v.animal_id"""
TREATMENT = "SELECT *, quantity * unit_price AS total FROM treatments"
INVOICE = """SELECT i.*, a.owner_id, CASE WHEN i.gross > i.paid THEN 'open' ELSE 'paid' END AS state
  FROM invoices i JOIN visits v ON v.id = i.visit_id JOIN animals a ON a.id = v.animal_id"""
PAYMENT = "SELECT * FROM payments"


class Fault(Exception):
    """A refusal: its status, its code and what to tell."""

    def __init__(self, status: int, code: str, message: str, details: Any = (), **headers: str) -> None:
        super().__init__(message)
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = {"code": code, "message": message, "details": list(details)}


@dataclass
class Call:
    """The parts of a request that a handler reads."""

    practice: int
    where: str
    path: dict[str, Any]
    query: dict[str, Any]
    body: Any
    header: Callable[[str], str | None]


@dataclass
class Answer:
    """The answer of a handler."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def now() -> str:
    """The present time as it is answered."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc(text: str) -> str:
    """A time with any offset as the same time in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def later(moment: str, minutes: int) -> str:
    """The time some minutes after another."""
    return utc((datetime.fromisoformat(moment) + timedelta(minutes=minutes)).isoformat())


def cents(amount: str) -> int:
    """The cents of an amount."""
    return int(amount.replace(".", ""))


def money(value: int) -> str:
    """Cents as an amount."""
    return f"{value // 100}.{value % 100:02d}"


def part(value: int, percent: int) -> int:
    """Some percent of an amount of cents, rounded half up."""
    return (value * percent + 50) // 100


def resolved(node: Any) -> Any:
    """A piece of the document with every `$ref` replaced by what it names."""
    if isinstance(node, list):
        return [resolved(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return {**resolved(target), **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: resolved(value) for key, value in node.items()}


FORMATS = FormatChecker(formats=())


@FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Any:
    """`pattern` as in ECMA-262, where `$` is the very end."""
    if isinstance(value, str) and not re.search(re.sub(r"\$(?=$|\))", r"\\Z", pattern), value):
        yield ValidationError("does not match the pattern")


Checker = validators.extend(Draft202012Validator, {"pattern": _pattern})


def problems(schema: Any, value: Any) -> list[dict[str, str]]:
    """Return one entry for each mistake of a value by its schema."""
    found = []
    for error in Checker(schema, format_checker=FORMATS).iter_errors(value):
        name = ".".join(map(str, error.path))
        if error.validator == "required":
            name = error.message.split("'")[1]
        if error.validator == "additionalProperties":
            name = next(key for key in error.instance if key not in error.schema["properties"])
        found.append({"field": name, "message": error.message[:200] or "is not valid"})
    return found


def whole(value: Any) -> Any:
    """A valid body with numbers such as 2.0, which JSON Schema takes for integers, made integers."""
    return {key: int(item) if isinstance(item, float) else item for key, item in value.items()}


def read_json(raw: bytes) -> Any:
    """The JSON value of a body; `NaN`, text that is not Unicode and what nests too deep are none."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=refuse)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Fault(400, "bad_request", "The body is no valid JSON.") from None
    return value


class Pawprint:
    """The practices' books; one method for each operation of the document."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.db = sqlite3.connect(":memory:", check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        self.db.create_function("fold", 1, lambda text: text.casefold())
        self.db.executescript(STORE)

    def one(self, call: Call, select: str, name: str, alias: str = "", **where: Any) -> dict[str, Any]:
        """The one row of this practice that fits, or 404."""
        tests = "".join(f" AND {alias}{column} = :{column}" for column in where)
        row = self.db.execute(
            f"{select} WHERE {alias}practice = :practice{tests}", {"practice": call.practice, **where}
        ).fetchone()
        if row is None:
            raise Fault(404, "not_found", f"There is no such {name}.")
        return dict(row)

    def page(
        self, call: Call, select: str, show: Any, order: str, tests: dict[str, Any], alias: str = ""
    ) -> Answer:
        """A page of the rows that fit every test whose value is given."""
        tests = {
            f"{alias}practice = ?": call.practice,
            **{test: value for test, value in tests.items() if value is not None},
        }
        rows = f"{select} WHERE {' AND '.join(tests)}"
        total = self.db.execute(f"SELECT count(*) FROM ({rows})", list(tests.values())).fetchone()[0]
        page, size = call.query["page"], call.query["per_page"]
        found = self.db.execute(
            f"{rows} ORDER BY {order} LIMIT ? OFFSET ?", [*tests.values(), size, (page - 1) * size]
        )
        return Answer(
            200, {"items": [show(dict(row)) for row in found], "page": page, "per_page": size, "total": total}
        )

    def insert(self, table: str, **values: Any) -> int:
        """Adds a row and returns its id."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        return (
            self.db.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values.values())
            ).lastrowid
            or 0
        )

    def update(self, table: str, id: int, **values: Any) -> None:
        """Changes columns of a row."""
        columns = ", ".join(f"{column} = ?" for column in values)
        self.db.execute(f"UPDATE {table} SET {columns} WHERE id = ?", [*values.values(), id])

    def count(self, sql: str, *values: Any) -> int:
        """The number that a query gives."""
        return int(self.db.execute(sql, values).fetchone()[0])

    def fresh(self, call: Call, tag: str) -> None:
        """Refuses a change that is not meant for the present version."""
        given = call.header("If-Match")
        if given is None:
            raise Fault(428, "precondition_required", "If-Match is missing.")
        if given.strip() != "*" and tag not in [item.strip() for item in given.split(",")]:
            raise Fault(412, "outdated", "There is another version by now.")

    def tagged(self, call: Call, tag: str, body: Any) -> Answer:
        """A thing with its ETag, or 304 to who has it."""
        given = [item.strip().removeprefix("W/") for item in (call.header("If-None-Match") or "").split(",")]
        if tag in given or given == ["*"]:
            return Answer(304, None, {"ETag": tag})
        return Answer(200, body, {"ETag": tag})

    def once(self, call: Call, act: Callable[[Call], Answer]) -> Answer:
        """Does something once for each Idempotency-Key."""
        key = call.header("Idempotency-Key")
        if key is None:
            return act(call)
        digest = hashlib.sha256(json.dumps(call.body, sort_keys=True).encode()).hexdigest()
        where = (call.practice, call.where, key)
        row = self.db.execute(
            "SELECT * FROM replies WHERE practice = ? AND path = ? AND key = ?", where
        ).fetchone()
        if row is None:
            answer = act(call)
            self.db.execute(
                "INSERT INTO replies VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*where, digest, answer.status, json.dumps(answer.body), json.dumps(answer.headers)),
            )
            return answer
        if row["digest"] != digest:
            raise Fault(409, "key_reused", "The Idempotency-Key was used for another body.")
        return Answer(
            row["status"],
            json.loads(row["body"]),
            {**json.loads(row["headers"]), "Idempotency-Replayed": "true"},
        )

    # practice

    def get_practice(self, call: Call) -> Answer:
        row = self.db.execute("SELECT * FROM practices WHERE id = ?", (call.practice,)).fetchone()
        return Answer(200, {"name": row["name"], "city": row["city"], "currency": "EUR"})

    def get_summary(self, call: Call) -> Answer:
        first, last = call.query["from"], call.query["to"]
        if first > last:
            raise Fault(
                400, "bad_request", "The query is not valid.", [{"field": "to", "message": "is before from"}]
            )
        states = dict.fromkeys(("booked", "started", "finished", "cancelled"), 0)
        span = (call.practice, first, last)
        counted = """SELECT state, count(*) FROM visits
          WHERE practice = ? AND substr(starts_at, 1, 10) BETWEEN ? AND ? GROUP BY state"""
        states.update({row[0]: row[1] for row in self.db.execute(counted, span)})
        summed = """SELECT count(*), coalesce(sum(gross), 0), coalesce(sum(gross - paid), 0) FROM invoices
          WHERE practice = ? AND issued_on BETWEEN ? AND ?"""
        number, gross, left = self.db.execute(summed, span).fetchone()
        figures = {"invoices": number, "gross": money(gross), "open": money(left)}
        return Answer(200, {"from": first, "to": last, "visits": states, **figures})

    # owners

    def show_owner(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: row[name] for name in ("id", "name", "email", "phone", "city", "animals", "created_at")}

    def find_owner(self, call: Call) -> dict[str, Any]:
        return self.one(call, OWNER, "owner", id=call.path["owner_id"])

    def owner_tag(self, row: dict[str, Any]) -> str:
        return f'"owner-{row["id"]}-{row["version"]}"'

    def list_owners(self, call: Call) -> Answer:
        q, sort = call.query.get("q"), call.query["sort"]
        order = f"{sort.lstrip('-')} {'DESC' if sort.startswith('-') else 'ASC'}, id"
        text = "instr(fold(name) || char(10) || fold(email), ?)"
        return self.page(
            call,
            OWNER,
            self.show_owner,
            order,
            {text: q and q.casefold(), "city = ?": call.query.get("city")},
        )

    def free_email(self, call: Call, id: int = 0) -> None:
        taken = "SELECT count(*) FROM owners WHERE practice = ? AND email = ? AND id != ?"
        if "email" in call.body and self.count(taken, call.practice, call.body["email"], id):
            raise Fault(409, "email_taken", "Another owner has this e-mail address.")

    def create_owner(self, call: Call) -> Answer:
        self.free_email(call)
        id = self.insert("owners", practice=call.practice, created_at=now(), **call.body)
        row = self.one(call, OWNER, "owner", id=id)
        return Answer(201, self.show_owner(row), {"ETag": self.owner_tag(row), "Location": f"/owners/{id}"})

    def get_owner(self, call: Call) -> Answer:
        row = self.find_owner(call)
        return self.tagged(call, self.owner_tag(row), self.show_owner(row))

    def change_owner(self, call: Call) -> Answer:
        row = self.find_owner(call)
        self.fresh(call, self.owner_tag(row))
        self.free_email(call, row["id"])
        self.update("owners", row["id"], **call.body, version=row["version"] + 1)
        row = self.find_owner(call)
        return Answer(200, self.show_owner(row), {"ETag": self.owner_tag(row)})

    def delete_owner(self, call: Call) -> Answer:
        row = self.find_owner(call)
        if row["animals"]:
            raise Fault(409, "owner_has_animals", "The owner still has animals.")
        self.db.execute("DELETE FROM owners WHERE id = ?", (row["id"],))
        return Answer(204)

    # animals

    def show_animal(self, row: dict[str, Any]) -> dict[str, Any]:
        names = ("id", "owner_id", "name", "species", "born_on", "weight_grams", "chip", "created_at")
        return {name: row[name] for name in names}

    def find_animal(self, call: Call) -> dict[str, Any]:
        return self.one(call, ANIMAL, "animal", id=call.path["animal_id"], owner_id=call.path["owner_id"])

    def free_chip(self, call: Call, id: int = 0) -> None:
        taken = "SELECT count(*) FROM animals WHERE practice = ? AND chip = ? AND id != ?"
        if self.count(taken, call.practice, call.body.get("chip"), id):
            raise Fault(409, "chip_taken", "Another animal has this chip.")

    def touch_owner(self, row: dict[str, Any]) -> None:
        self.db.execute("UPDATE owners SET version = version + 1 WHERE id = ?", (row["owner_id"],))

    def list_animals(self, call: Call) -> Answer:
        tests = {"species = ?": call.query.get("species"), "born_on < ?": call.query.get("born_before")}
        return self.page(
            call, ANIMAL, self.show_animal, "id", {"owner_id = ?": self.find_owner(call)["id"], **tests}
        )

    def create_animal(self, call: Call) -> Answer:
        owner = self.find_owner(call)["id"]
        self.free_chip(call)
        id = self.insert("animals", practice=call.practice, owner_id=owner, created_at=now(), **call.body)
        row = self.one(call, ANIMAL, "animal", id=id)
        self.touch_owner(row)
        return Answer(201, self.show_animal(row), {"Location": f"/owners/{owner}/animals/{id}"})

    def get_animal(self, call: Call) -> Answer:
        return Answer(200, self.show_animal(self.find_animal(call)))

    def replace_animal(self, call: Call) -> Answer:
        id = self.find_animal(call)["id"]
        self.free_chip(call, id)
        self.update("animals", id, **{"born_on": None, "weight_grams": None, "chip": None, **call.body})
        return Answer(200, self.show_animal(self.find_animal(call)))

    def delete_animal(self, call: Call) -> Answer:
        row = self.find_animal(call)
        if self.count("SELECT count(*) FROM visits WHERE animal_id = ?", row["id"]):
            raise Fault(409, "animal_has_visits", "The animal has visits.")
        self.db.execute("DELETE FROM animals WHERE id = ?", (row["id"],))
        self.touch_owner(row)
        return Answer(204)

    # services

    def show_service(self, row: dict[str, Any]) -> dict[str, Any]:
        plain = {name: row[name] for name in ("code", "title", "tax_percent")}
        return {**plain, "price": money(row["price"]), "active": bool(row["active"])}

    def find_service(self, call: Call) -> dict[str, Any]:
        return self.one(call, SERVICE, "service", code=call.path["code"])

    def list_services(self, call: Call) -> Answer:
        price = call.query.get("max_price")
        tests = {
            "active = ?": call.query.get("active"),
            "price <= ?": None if price is None else cents(price),
        }
        return self.page(call, SERVICE, self.show_service, "code", tests)

    def create_service(self, call: Call) -> Answer:
        code = call.body["code"]
        if self.count("SELECT count(*) FROM services WHERE practice = ? AND code = ?", call.practice, code):
            raise Fault(409, "code_taken", "There is a service with this code.")
        self.insert(
            "services",
            practice=call.practice,
            **{"active": True, **call.body, "price": cents(call.body["price"])},
        )
        return Answer(
            201,
            self.show_service(self.one(call, SERVICE, "service", code=code)),
            {"Location": f"/services/{code}"},
        )

    def get_service(self, call: Call) -> Answer:
        return Answer(200, self.show_service(self.find_service(call)))

    def replace_service(self, call: Call) -> Answer:
        code = self.find_service(call)["code"]
        values = (
            call.body["title"],
            cents(call.body["price"]),
            call.body["tax_percent"],
            call.body["active"],
        )
        change = """UPDATE services SET title = ?, price = ?, tax_percent = ?, active = ?
          WHERE practice = ? AND code = ?"""
        self.db.execute(change, (*values, call.practice, code))
        return self.get_service(call)

    def delete_service(self, call: Call) -> Answer:
        where = (call.practice, self.find_service(call)["code"])
        if self.count("SELECT count(*) FROM treatments WHERE practice = ? AND service_code = ?", *where):
            raise Fault(409, "service_used", "A visit has a treatment of this service.")
        self.db.execute("DELETE FROM services WHERE practice = ? AND code = ?", where)
        return Answer(204)

    # visits

    def show_visit(self, row: dict[str, Any]) -> dict[str, Any]:
        names = ("id", "animal_id", "owner_id", "vet", "starts_at", "minutes", "reason", "state")
        rest = ("started_at", "finished_at", "cancel_reason", "created_at")
        return {**{name: row[name] for name in names + rest}, "total": money(row["total"])}

    def find_visit(self, call: Call, *states: str) -> dict[str, Any]:
        row = self.one(call, VISIT, "visit", "v.", id=call.path["visit_id"])
        if states and row["state"] not in states:
            raise Fault(409, "wrong_state", f"The visit is {row['state']}.")
        return row

    def visit_tag(self, row: dict[str, Any]) -> str:
        return f'"visit-{row["id"]}-{row["version"]}"'

    def told_visit(self, call: Call, **changes: Any) -> Answer:
        """Changes a visit and answers it as it is then."""
        row = self.find_visit(call)
        self.update("visits", row["id"], **changes, version=row["version"] + 1)
        row = self.find_visit(call)
        return Answer(200, self.show_visit(row), {"ETag": self.visit_tag(row)})

    def free_vet(self, call: Call, visit: dict[str, Any]) -> None:
        busy = """SELECT count(*) FROM visits WHERE practice = ? AND vet = ? AND id != ?
          AND state != 'cancelled' AND starts_at < ? AND ends_at > ?"""
        span = (visit["ends_at"], visit["starts_at"])
        if self.count(busy, call.practice, visit["vet"], visit.get("id", 0), *span):
            raise Fault(409, "vet_busy", "The vet has another visit at that time.")

    def list_visits(self, call: Call) -> Answer:
        query = call.query
        tests = {f"{name} = ?": query.get(name) for name in ("state", "animal_id", "owner_id", "vet")}
        tests["starts_at >= ?"], tests["starts_at < ?"] = query.get("from"), query.get("to")
        order = f"starts_at {'DESC' if query['sort'].startswith('-') else 'ASC'}, v.id"
        return self.page(call, VISIT, self.show_visit, order, tests, "v.")

    def book_visit(self, call: Call) -> Answer:
        return self.once(call, self.book)

    def book(self, call: Call) -> Answer:
        if not self.count(
            "SELECT count(*) FROM animals WHERE practice = ? AND id = ?",
            call.practice,
            call.body["animal_id"],
        ):
            raise Fault(
                422,
                "unknown_animal",
                "There is no such animal.",
                [{"field": "animal_id", "message": "is unknown"}],
            )
        values = {**call.body, "starts_at": utc(call.body["starts_at"])}
        values["ends_at"] = later(values["starts_at"], values["minutes"])
        self.free_vet(call, values)
        id = self.insert("visits", practice=call.practice, created_at=now(), **values)
        row = self.one(call, VISIT, "visit", "v.", id=id)
        return Answer(201, self.show_visit(row), {"ETag": self.visit_tag(row), "Location": f"/visits/{id}"})

    def get_visit(self, call: Call) -> Answer:
        row = self.find_visit(call)
        return self.tagged(call, self.visit_tag(row), self.show_visit(row))

    def change_visit(self, call: Call) -> Answer:
        row = self.find_visit(call)
        self.fresh(call, self.visit_tag(row))
        self.find_visit(call, "booked")
        visit = {**row, **call.body}
        visit["starts_at"] = utc(visit["starts_at"])
        visit["ends_at"] = later(visit["starts_at"], visit["minutes"])
        self.free_vet(call, visit)
        return self.told_visit(call, **{name: visit[name] for name in (*call.body, "starts_at", "ends_at")})

    def start_visit(self, call: Call) -> Answer:
        self.find_visit(call, "booked")
        return self.told_visit(call, state="started", started_at=now())

    def finish_visit(self, call: Call) -> Answer:
        self.find_visit(call, "started")
        return self.told_visit(call, state="finished", finished_at=now())

    def cancel_visit(self, call: Call) -> Answer:
        self.find_visit(call, "booked")
        return self.told_visit(call, state="cancelled", cancel_reason=call.body["reason"])

    # treatments

    def show_treatment(self, row: dict[str, Any]) -> dict[str, Any]:
        names = ("id", "visit_id", "service_code", "title", "quantity", "tax_percent", "note", "created_at")
        amounts = {name: money(row[name]) for name in ("unit_price", "total")}
        return {**{name: row[name] for name in names}, **amounts}

    def find_treatment(self, call: Call) -> dict[str, Any]:
        return self.one(
            call, TREATMENT, "treatment", id=call.path["treatment_id"], visit_id=call.path["visit_id"]
        )

    def list_treatments(self, call: Call) -> Answer:
        return self.page(
            call, TREATMENT, self.show_treatment, "id", {"visit_id = ?": self.find_visit(call)["id"]}
        )

    def add_treatment(self, call: Call) -> Answer:
        visit = self.find_visit(call)
        find = "SELECT * FROM services WHERE practice = ? AND code = ? AND active"
        service = self.db.execute(find, (call.practice, call.body["service_code"])).fetchone()
        if service is None:
            raise Fault(
                422,
                "unknown_service",
                "There is no such active service.",
                [{"field": "service_code", "message": "is unknown"}],
            )
        self.find_visit(call, "started")
        copied = {
            "title": service["title"],
            "unit_price": service["price"],
            "tax_percent": service["tax_percent"],
        }
        id = self.insert(
            "treatments",
            practice=call.practice,
            visit_id=visit["id"],
            created_at=now(),
            **copied,
            **call.body,
        )
        self.told_visit(call)
        row = self.one(call, TREATMENT, "treatment", id=id)
        return Answer(201, self.show_treatment(row), {"Location": f"/visits/{visit['id']}/treatments/{id}"})

    def get_treatment(self, call: Call) -> Answer:
        return Answer(200, self.show_treatment(self.find_treatment(call)))

    def delete_treatment(self, call: Call) -> Answer:
        row = self.find_treatment(call)
        self.find_visit(call, "started")
        self.db.execute("DELETE FROM treatments WHERE id = ?", (row["id"],))
        self.told_visit(call)
        return Answer(204)

    # invoices

    def lines(self, visit_id: int, discount: int) -> list[dict[str, Any]]:
        """The lines of a visit's invoice, amounts in cents."""
        found = []
        for row in self.db.execute(f"{TREATMENT} WHERE visit_id = ? ORDER BY id", (visit_id,)):
            net = part(row["total"], 100 - discount)
            plain = {name: row[name] for name in ("title", "quantity", "unit_price", "tax_percent")}
            found.append({**plain, "net": net, "tax": part(net, row["tax_percent"])})
        return found

    def show_invoice(self, row: dict[str, Any]) -> dict[str, Any]:
        names = ("id", "number", "visit_id", "owner_id", "issued_on", "due_on", "discount_percent", "state")
        lines = self.lines(row["visit_id"], row["discount_percent"])
        sums = {name: sum(line[name] for line in lines) for name in ("net", "tax")}
        sums |= {"gross": row["gross"], "paid": row["paid"], "open": row["gross"] - row["paid"]}
        shown = [
            {**line, **{name: money(line[name]) for name in ("unit_price", "net", "tax")}} for line in lines
        ]
        amounts = {name: money(value) for name, value in sums.items()}
        return {**{name: row[name] for name in names}, "lines": shown, **amounts}

    def find_invoice(self, call: Call) -> dict[str, Any]:
        return self.one(call, INVOICE, "invoice", "i.", id=call.path["invoice_id"])

    def issue_invoice(self, call: Call) -> Answer:
        visit = self.find_visit(call, "finished")
        if self.count("SELECT count(*) FROM invoices WHERE visit_id = ?", visit["id"]):
            raise Fault(409, "already_invoiced", "The visit has an invoice.")
        discount, today = call.body.get("discount_percent", 0), datetime.now(UTC).date()
        lines = self.lines(visit["id"], discount)
        if not lines:
            raise Fault(409, "nothing_to_invoice", "The visit has no treatments.")
        past = self.count(
            "SELECT count(*) FROM invoices WHERE practice = ? AND number LIKE ?",
            call.practice,
            f"{today.year}-%",
        )
        due = today + timedelta(days=call.body.get("due_in_days", 14))
        gross = sum(line["net"] + line["tax"] for line in lines)
        values = {"issued_on": str(today), "due_on": str(due), "discount_percent": discount, "gross": gross}
        number = f"{today.year}-{past + 1:04d}"
        id = self.insert("invoices", practice=call.practice, visit_id=visit["id"], number=number, **values)
        row = self.one(call, INVOICE, "invoice", "i.", id=id)
        return Answer(201, self.show_invoice(row), {"Location": f"/invoices/{id}"})

    def list_invoices(self, call: Call) -> Answer:
        query = call.query
        order = f"{query['sort'].lstrip('-')} {'DESC' if query['sort'].startswith('-') else 'ASC'}, i.id"
        tests = {"CASE WHEN i.gross > i.paid THEN 'open' ELSE 'paid' END = ?": query.get("state")}
        tests |= {"owner_id = ?": query.get("owner_id"), "due_on < ?": query.get("due_before")}
        return self.page(call, INVOICE, self.show_invoice, order, tests, "i.")

    def get_invoice(self, call: Call) -> Answer:
        return Answer(200, self.show_invoice(self.find_invoice(call)))

    def show_payment(self, row: dict[str, Any]) -> dict[str, Any]:
        names = ("id", "invoice_id", "paid_on", "method", "created_at")
        return {**{name: row[name] for name in names}, "amount": money(row["amount"])}

    def list_payments(self, call: Call) -> Answer:
        return self.page(
            call, PAYMENT, self.show_payment, "id", {"invoice_id = ?": self.find_invoice(call)["id"]}
        )

    def record_payment(self, call: Call) -> Answer:
        self.find_invoice(call)
        return self.once(call, self.pay)

    def pay(self, call: Call) -> Answer:
        invoice, amount = self.find_invoice(call), cents(call.body["amount"])
        if amount > invoice["gross"] - invoice["paid"]:
            raise Fault(409, "overpaid", "It is more than what is open.")
        values = {**call.body, "amount": amount, "created_at": now()}
        id = self.insert("payments", practice=call.practice, invoice_id=invoice["id"], **values)
        self.update("invoices", invoice["id"], paid=invoice["paid"] + amount)
        return Answer(201, self.show_payment(self.one(call, PAYMENT, "payment", id=id)))


class Endpoint:
    """A path of the document: reads requests by the document and hands them to the operation."""

    def __init__(self, books: Pawprint, item: dict[str, Any]) -> None:
        self.books = books
        for method in METHODS:
            if method in item:
                setattr(self, f"on_{method}", self.responder(item[method], item.get("parameters", [])))

    def responder(self, operation: dict[str, Any], shared: list[Any]) -> Callable[..., None]:
        """The function that Falcon calls for an operation."""
        name = re.sub("[A-Z]", lambda found: "_" + found[0].lower(), operation["operationId"])
        handle = getattr(self.books, name)
        parameters = shared + operation.get("parameters", [])
        content = operation.get("requestBody", {}).get("content", {})

        def respond(req: falcon.Request, resp: falcon.Response, **path: str) -> None:
            practice = KEYS.get(req.get_header("X-API-Key") or "")
            if practice is None:
                raise Fault(
                    401,
                    "unauthorized",
                    "X-API-Key is missing or unknown.",
                    WWW_Authenticate='ApiKey realm="Pawprint"',
                )
            query, places = self.parameters(parameters, req, path)
            body = None
            if content:
                if (req.content_type or "").split(";")[0].strip().lower() != "application/json":
                    raise Fault(415, "unsupported_media_type", "The body is not application/json.")
                body = read_json(req.context.raw)
                details = problems(content["application/json"]["schema"], body)
                if details:
                    raise Fault(422, "invalid", "The body does not fit its schema.", details)
                body = whole(body)
            call = Call(practice, req.path, places, query, body, req.get_header)
            with self.books.lock, self.books.db:
                answer = handle(call)
            resp.status = falcon.code_to_http_status(answer.status)
            resp.set_headers(answer.headers)
            if answer.body is not None:
                resp.data, resp.content_type = (
                    json.dumps(answer.body, ensure_ascii=False).encode(),
                    "application/json",
                )

        return respond

    def parameters(
        self, known: list[Any], req: falcon.Request, path: dict[str, str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values of the query, with defaults, and of the path; a path value that does not fit is None."""
        given, query, places, details = dict(parse_qsl(req.query_string, keep_blank_values=True)), {}, {}, []
        for parameter in known:
            name, schema, place = parameter["name"], parameter["schema"], parameter["in"]
            text = {"query": given.get, "path": path.get, "header": req.get_header}[place](name)
            value: Any = text
            if (
                text is not None
                and schema["type"] == "integer"
                and re.fullmatch(r"-?(0|[1-9][0-9]{0,11})", text)
            ):
                value = int(text)
            if text is not None and schema["type"] == "boolean":
                value = {"true": True, "false": False}.get(text, text)
            found = [] if text is None else problems(schema, value)
            if text is None and parameter.get("required") and place == "query":
                found = [{"field": name, "message": "is missing"}]
            if place == "path":
                places[name] = None if found else value
                continue
            details += [{**problem, "field": name} for problem in found]
            if place == "query":
                is_moment = value is not None and not found and schema.get("format") == "date-time"
                query[name] = utc(value) if is_moment else schema.get("default") if value is None else value
        if details:
            raise Fault(400, "bad_request", "The query or a header is not valid.", details)
        return query, places


class ReadFirst:
    """Reads the whole body before anything else, so that no refusal leaves half of it on the wire."""

    def process_request(self, req: falcon.Request, _: falcon.Response) -> None:
        """Keeps the body."""
        req.context.raw = req.bounded_stream.read()


def on_fault(_: falcon.Request, resp: falcon.Response, fault: Fault, __: Any) -> None:
    """Answers a refusal."""
    resp.status = falcon.code_to_http_status(fault.status)
    resp.set_headers(fault.headers)
    resp.data, resp.content_type = json.dumps(fault.body).encode(), "application/json"


def on_http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, __: Any) -> None:
    """Answers what Falcon refuses by itself: unknown paths and methods."""
    codes = {404: "not_found", 405: "method_not_allowed"}
    fault = Fault(error.status_code, codes.get(error.status_code, "bad_request"), error.title or "refused")
    fault.headers = dict(error.headers or {})
    on_fault(req, resp, fault, None)


def on_crash(req: falcon.Request, resp: falcon.Response, _: Exception, __: Any) -> None:
    """Answers what should not happen."""
    on_fault(req, resp, Fault(500, "internal", "Something went wrong."), None)


def make_app() -> falcon.App:
    """A new server with its seed data."""
    books = Pawprint()
    app = falcon.App(middleware=[ReadFirst()])
    app.add_error_handler(Exception, on_crash)
    app.add_error_handler(falcon.HTTPError, on_http_error)
    app.add_error_handler(Fault, on_fault)
    for path, item in DOCUMENT["paths"].items():
        app.add_route(path, Endpoint(books, resolved(item)))
    return app


class Quiet(WSGIRequestHandler):
    """Handles a request without a line in the log."""

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class Server(ThreadingMixIn, WSGIServer):
    """A server with a thread for each connection."""

    daemon_threads = True
    request_queue_size = 64


def serve(app: falcon.App, port: int) -> Server:
    """A server for an app on the loopback interface; port 0 takes any."""
    server = Server(("127.0.0.1", port), Quiet)
    server.set_app(app)
    return server


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="Pawprint, the books of a veterinary practice")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--bug", help="one of the names in BUGS.md")
    options = parser.parse_args()
    maker = make_app
    if options.bug:
        from evaluation.sealed.bugs import module_with

        maker = module_with(options.bug).make_app
    server = serve(maker(), options.port)
    print(f"Pawprint listens on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
