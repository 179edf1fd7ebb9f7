"""What the server makes beside a create of the run, of a kind that a call makes too and none removes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from harm.runs import SHARED_URL, URL
from importing import imported
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

Row = dict[str, Any]
OLDER, OFTEN = 7, 5


@cache
def wallets_model() -> Model:
    """The catalogue of a document about users, and about wallets, of which each new user gets one."""
    text = {"type": "string", "minLength": 1, "maxLength": 60}

    def answer(status: str, schema: Row | None) -> Row:
        content = {"content": {"application/json": {"schema": schema}}} if schema else {}
        refused = {"description": "Refused"}
        return {"responses": {status: {"description": "Done", **content}, "404": refused, "422": refused}}

    def kind(name: str, members: Row, *, removable: bool) -> Row:
        row = {"type": "object", "properties": {"id": {"type": "string"}, **members}}
        row["required"] = [*row["properties"]]
        body = {"type": "object", "properties": members, "required": [*members]}
        given = {"required": True, "content": {"application/json": {"schema": body}}}
        one: Row = {"get": {"operationId": f"get_{name}", **answer("200", row)}}
        if removable:
            one["delete"] = {"operationId": f"delete_{name}", **answer("204", None)}
        one["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
        every = {"operationId": f"list_{name}s", **answer("200", {"type": "array", "items": row})}
        create = {"operationId": f"create_{name}", "requestBody": given, **answer("201", row)}
        return {f"/{name}s": {"get": every, "post": create}, f"/{name}s/{{id}}": one}

    wallet = kind("wallet", {"name": text, "user_id": {"type": "string"}}, removable=False)
    return load_text(
        imported(
            {
                "openapi": "3.1.0",
                "info": {"title": "Wallets", "version": "1.0.0"},
                "servers": [{"url": "https://wallets.example"}],
                "paths": {**kind("user", {"name": text}, removable=True), **wallet},
            }
        ).text,
        "wallets.yaml",
    )


@dataclass
class Wallets:
    """The wallets of removed users stay. Where `busy`, other people sign up meanwhile; where `grows`, each
    read of the wallets adds one.
    """

    busy: bool = False
    grows: bool = False
    tables: dict[str, dict[str, Row]] = field(default_factory=lambda: {"users": {}, "wallets": {}})
    others: set[str] = field(default_factory=set)
    now: float = 1_776_000_000.0
    count: int = 0

    def __post_init__(self) -> None:
        for _ in range(OLDER):
            self.others |= self.sign_up("somebody")

    def sign_up(self, name: str) -> set[str]:
        user = self.add("users", {"name": name})
        return {user["id"], self.add("wallets", {"name": "first", "user_id": user["id"]})["id"]}

    def add(self, table: str, given: Row) -> Row:
        self.count += 1
        id = f"{table[0]}{self.count * 7919 % 100_003:06d}x"
        self.tables[table][id] = {"id": id, **given}
        return self.tables[table][id]

    def __call__(self, request: Request) -> Response:
        self.now += 0.01
        status, body = self.answer(request)
        type = (("Content-Type", "application/json"),)
        return Response(status, type, json_bytes(body) if body is not None else b"")

    def answer(self, request: Request) -> tuple[int, Any]:
        _, name, *rest = request.path.split("/")
        table, given = self.tables.get(name), read_json(request.body).value
        if table is None or len(rest) > 1 or (rest and rest[0] not in table):
            return 404, None
        if request.method == "GET" and rest:
            return 200, table[rest[0]]
        if request.method == "GET":
            if self.grows and name == "wallets":
                self.others.add(self.add(name, {"name": "by itself", "user_id": "u"})["id"])
            return 200, list(table.values())
        if request.method == "DELETE" and rest and name == "users":
            del table[rest[0]]
            return 204, None
        if request.method != "POST" or rest:
            return 405, None
        members = {"name"} if name == "users" else {"name", "user_id"}
        right = isinstance(given, dict) and given.keys() == members
        if not right or not all(isinstance(v, str) and 0 < len(v) <= 60 for v in given.values()):
            return 422, None
        if name == "wallets" and given["user_id"] not in self.tables["users"]:
            return 404, None
        if self.busy and self.count % OFTEN == 0:
            self.others |= self.sign_up("somebody else")
        row = self.add(name, given)
        if name == "users":
            self.add("wallets", {"name": "first", "user_id": row["id"]})
        return 201, row


def run(server: Wallets, url: str = URL) -> Report:
    return verify(
        wallets_model(),
        server,
        Identities({}),
        Options(allow_writes=True, live=False),
        clock=lambda: server.now,
        sleep=lambda _: None,
        wall=lambda: "2026-04-12T13:20:00Z",
        url=url,
        timer=lambda: server.now,
    )


def named(lines: tuple[str, ...]) -> set[str]:
    return set(re.findall(r"\b[uw]\d{6}x\b", "\n".join(lines)))


def test_what_came_with_a_create_and_stays_is_named() -> None:
    server = Wallets()
    report = run(server)
    left = server.tables["wallets"].keys() - server.others
    assert len(left) > OLDER, "more than the run has made by a call"
    assert named(report.footer.lasting) == left
    assert report.footer.left_behind == ()
    assert [line for line in report.footer.lasting if line.startswith(f"{len(left)} × wallet (")]


def test_what_others_made_meanwhile_is_at_most_what_the_run_may_have_made() -> None:
    server = Wallets(busy=True)
    report = run(server, SHARED_URL)
    footer = report.footer
    assert len(server.others) > OLDER * 2
    left = server.tables["wallets"].keys() - server.others
    assert named(footer.lasting) | named(footer.may_exist) >= left
    assert named((*footer.left_behind, *footer.lasting)) <= left
    assert all("others use the server, too" in line for line in footer.may_exist if named((line,)))


def test_a_server_on_this_machine_is_taken_for_the_runs_alone() -> None:
    """So what others make there meanwhile is named as made, and nothing of it is removed."""
    server = Wallets(busy=True)
    footer = run(server).footer
    made = {id for id in server.others if id in server.tables["wallets"]}
    assert len(made) > OLDER
    assert named((*footer.left_behind, *footer.lasting)) & made
    assert server.others <= {id for table in server.tables.values() for id in table}


def test_a_list_that_grows_at_each_read_is_nobodys_doing() -> None:
    server = Wallets(grows=True)
    report = run(server)
    footer = report.footer
    assert named((*footer.left_behind, *footer.lasting)).isdisjoint(server.others)
    assert [line for line in footer.may_exist if "the list grows without a write" in line]
    plain = {f.contract.id for f in run(Wallets()).findings}
    long = {"agent_response_limits/items/list_wallets@copilot"}
    assert footer.alarm is None
    assert {f.contract.id for f in report.findings} - plain <= long
