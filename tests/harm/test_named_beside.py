"""What a write names beside the run's own instance is nobody's: a further step of its path, the numbers of a
list, a counterpart. And no action runs that switches what others have, although it names an own instance.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harm.loopback import loopback
from harm.test_harm_module import run_module
from harm.test_lenient_servers import NOTE, OTHERS, Notes, Schema, document, model_of, run

NAMES = ("x", "a", "L", "true", "AV-000", "x" * 40)
NUMBER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
BESIDE: dict[str, tuple[str, Schema | None, Schema | None]] = {
    # an embedded comment that the server finds by its number alone, whatever note the path names
    "a comment's number": ("delete /notes/{id}/comments/{comment_id}", NUMBER, None),
    "a peer's number": ("post /notes/{id}/compare/{peer}", NUMBER, None),
    "a watcher's name": ("put /notes/{id}/watchers/{name}", TEXT, None),
    "numbers": ("post /notes/{id}/entries", None, {"type": "array", "items": NUMBER}),
    "a member's numbers": (
        "post /notes/{id}/lines",
        None,
        {
            "type": "object",
            "required": ["those"],
            "properties": {"those": {"type": "array", "items": NUMBER}},
        },
    ),
    "a counterpart": (
        "post /notes/{id}/swap",
        None,
        {"type": "object", "required": ["counterpart"], "properties": {"counterpart": NUMBER}},
    ),
    "a choice of the path": (
        "post /notes/{id}/{deed}",
        {"type": "string", "enum": ["finish", "make_default", "purge-others"]},
        None,
    ),
    # the active one of all notes; what came after a backup
    "activation": ("post /notes/{id}/activate", None, None),
}


def described(kind: str) -> Schema:
    """The document of the notes with one more action of a note."""
    (operation, step, body), made = BESIDE[kind], document({}, {})
    method, path = operation.split()
    names = re.findall(r"\{(\w+)\}", path)
    params = [
        {"name": name, "in": "path", "required": True, "schema": NUMBER if name == "id" else step}
        for name in names
    ]
    said = {"description": "Done", "content": {"application/json": {"schema": NOTE}}}
    refused = {"400": {"description": "Refused"}, "404": {"description": "None"}}
    action = {"operationId": "act", "parameters": params, "responses": {"200": said, **refused}}
    if body is not None:
        action["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    made["paths"][path] = {method: action}
    return made


class Beside(Notes):
    """Does what a step of the path, or a number of the body, names; numbers from zero are somebody's."""

    def __init__(self) -> None:
        super().__init__()
        self.others: dict[str, int] = dict.fromkeys((*map(str, range(OTHERS + 1)), *NAMES), 0)
        self.acted = 0

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        found = re.fullmatch(r"/notes/(\d+)/([\w-]+)(?:/(.+))?", path)
        if found is None or int(found[1]) not in self.notes:
            return super().answer(method, path, body, given)
        self.acted += 1
        if found[2] in ("activate", "make_default", "purge-others"):
            self.others["0"] += 1  # it was the active one
        several = [*given.values(), *(body if isinstance(body, list) else []), found[3]]
        for value in several:
            for one in value if isinstance(value, list) else [value]:
                name = str(int(one)) if isinstance(one, bool) else str(one)
                self.others.update({name: 1} if name in self.others else {})
        return 200, self.notes[int(found[1])]

    def changed(self) -> bool:
        return super().changed() or any(self.others.values())


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", BESIDE)
def test_what_a_call_names_beside_an_own_instance_is_nobodys(kind: str, seed: int) -> None:
    server = Beside()
    report = run(model_of(described(kind)), server, seed)
    assert server.bodies
    assert not server.changed(), json.dumps([name for name, count in server.others.items() if count])
    assert server.acted or [r for r in report.results if "--allow act" in r.reason]
    assert kind not in ("a watcher's name", "a choice of the path") or server.acted, "what is its own is sent"


@pytest.mark.parametrize("kind", BESIDE)
def test_the_generated_module_names_nobody_beside_an_own_instance(kind: str, tmp_path: Path) -> None:
    server = Beside()
    with loopback(server) as url:
        run_module(model_of(described(kind)), tmp_path / "out", url, PGAGENTS_ALLOW_WRITES="1")
    assert server.bodies
    assert not server.changed()


def test_an_allowed_step_of_a_path_is_sent() -> None:
    server = Beside()
    run(model_of(described("a peer's number")), server, 0, allow=("act.peer",))
    assert server.changed()


class Billed(Notes):
    """A note is billed to a customer. No call makes one, so that a run can only find them."""

    def __init__(self) -> None:
        super().__init__()
        self.owed = dict.fromkeys(("ada", "bob-2", "7c21e0aa-91d4-4e7b-8f3a-5d60b2c1e9f4"), "nothing")

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        customers = {id: {"id": id, "owes": owes} for id, owes in self.owed.items()}
        if path == "/customers":
            return 200, list(customers.values())
        if path.startswith("/customers/"):
            one = customers.get(path.rpartition("/")[2])
            return (200, one) if one else (404, {"error": "none"})
        if method == "POST" and given.get("customer_id") not in self.owed:
            return 404, {"error": "none"}
        status, answer = super().answer(method, path, body, given)
        if status == 201:
            self.owed[given["customer_id"]] = "a note"
        return status, answer

    def changed(self) -> bool:
        return super().changed() or {*self.owed.values()} != {"nothing"}


@pytest.mark.parametrize("allow", [(), ("create_note.customer_id",)])
def test_what_a_run_found_is_named_by_a_write_only_if_the_caller_allows_it(allow: tuple[str, ...]) -> None:
    told = document({"customer_id": TEXT}, {})
    content = told["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]
    content["schema"]["required"].append("customer_id")
    customer: Schema = {"type": "object", "required": ["id"], "properties": {"id": TEXT, "owes": TEXT}}
    reads: dict[str, Schema] = {
        "/customers": {"type": "array", "items": customer},
        "/customers/{id}": customer,
    }
    at = {"name": "id", "in": "path", "required": True, "schema": TEXT}
    for path, schema in reads.items():
        said = {"description": "Done", "content": {"application/json": {"schema": schema}}}
        params = [at] if "{" in path else []
        told["paths"][path] = {"get": {"parameters": params, "responses": {"200": said}}}
    server = Billed()
    report = run(model_of(told), server, 0, allow=allow)
    assert server.bodies
    assert server.changed() is bool(allow)
    assert bool(allow) or "create_note.customer_id" in str(report.footer.withheld)
