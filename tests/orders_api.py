"""A small API of orders in this process that sends events. It has legal habits, or mistakes in its events.

Orders and events are counted, as in a database: their ids are whole numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.wire.receiver import Inbox

KEYS = {"main": "test_key_1", "second": "test_key_2"}
CATALOGUE = """
pgagents: 1
api:
  {id: orders, title: Orders, version: 1.0.0, server: "https://api.example.com", contact: a@example.com,
   for_people: Orders., for_models: Orders of a person.}
auth:
  schemes: {key: {description: A key, prefixes: {test_: test}}}
  roles: {main: {description: A person}, second: {description: Another person, project: second}}
errors:
  envelope: Error
  code_at: null
  message_at: detail
  always: [UNAUTHORIZED]
  codes:
    UNAUTHORIZED: {status: 401, meaning: No key}
    REFUSED: {status: 422, meaning: A wrong argument}
    NOT_FOUND: {status: 404, meaning: No such thing}
    LATE: {status: 409, meaning: It is in another state}
  framework: {invalid: REFUSED, no_key: UNAUTHORIZED}
schemas:
  Error: {type: object, properties: {detail: {type: string}}, required: [detail]}
  Order:
    type: object
    properties:
      {id: {type: integer}, text: {type: string}, state: {type: string, enum: [new, paid, sent]},
       link: {type: string}}
    required: [id, text, state]
  Hook: {type: object, required: [id], properties: {id: {type: string}}}
  Event:
    type: object
    properties: {id: {type: integer}, type: {type: string}, data: {}}
    required: [id, type, data]
actions:
  create_order:
    {title: Order, description: Makes an order., http: POST /orders, effect: write,
     input: {text: {type: string, minLength: 1, maxLength: 40, required: true}},
     output: {201: {$ref: Order}}, errors: [REFUSED]}
  get_order:
    {title: Get an order, description: Gets an order., http: "GET /orders/{order_id}", effect: read,
     input: {order_id: {type: integer, minimum: 1, required: true, refers_to: order}},
     output: {200: {$ref: Order}}, errors: [NOT_FOUND, REFUSED]}
  pay_order:
    {title: Pay, description: Pays an order., http: "POST /orders/{order_id}/pay", effect: write,
     input: {order_id: {type: integer, minimum: 1, required: true, refers_to: order}},
     output: {200: {$ref: Order}}, errors: [NOT_FOUND, REFUSED, LATE]}
  send_order:
    {title: Send, description: Sends an order., http: "POST /orders/{order_id}/send", effect: write,
     input: {order_id: {type: integer, minimum: 1, required: true, refers_to: order}},
     output: {200: {$ref: Order}}, errors: [NOT_FOUND, REFUSED, LATE]}
  add_hook:
    {title: Add a hook, description: Adds a hook., http: POST /hooks, effect: write,
     input:
       {url: {type: string, format: uri, required: true},
        events: {type: array, items: {type: string, enum: [order.created, order.updated]}, required: true}},
     output: {201: {$ref: Hook}}, errors: [REFUSED]}
  remove_hook:
    {title: Remove a hook, description: Removes a hook., http: "DELETE /hooks/{hook_id}", effect: write,
     input: {hook_id: {type: string, required: true, refers_to: hook}},
     output: {204: {}}, errors: [NOT_FOUND]}
resources:
  order:
    made_by: {action: create_order, input: {text: hello}, at: response}
    read_by: {action: get_order, input: {order_id: =resource.id}, at: response}
    absent: 999999999
    missing: NOT_FOUND
    tenant: true
    volatile: [link]
    state: state
    states: [new, paid, sent]
    initial: new
    moves:
      pay_order: {from: [new], to: paid, input: {order_id: =resource.id}, otherwise: LATE}
      send_order: {from: [paid], to: sent, input: {order_id: =resource.id}, otherwise: LATE}
  hook:
    made_by: {action: add_hook, input: {url: =fresh.url, events: [order.created]}, at: response}
    undone_by: {action: remove_hook, input: {hook_id: =resource.id}}
    absent: no-such-hook
    missing: NOT_FOUND
    tenant: true
webhooks:
  envelope: Event
  registered_by: add_hook
  within_s: 2
  again_within_s: 5
  events:
    order.created: {description: It was made, data: Order, by: [create_order], about: order}
    order.updated: {description: It was changed, data: Order, by: [pay_order, send_order], about: order}
surfaces: {rest: {actions: all}}
"""
SAID = {
    "ids-of-texts": ("{id: {type: integer}, type: ", "{id: {type: string}, type: "),
    "one-type-each": ("events: {type: array, items:", "events: {type: array, maxItems: 1, items:"),
    "secret-shown-once": ("link: {type: string}}", "link: {type: string, secret: true}}"),
}
"""What the catalogue says otherwise of a habit."""
LEGAL = {
    "": "each event is sent at once",
    "ids-of-texts": "the ids of events are texts",
    "counted-per-project": "each person's orders are counted, and the first person has five",
    "newest-first": "events come in another order than the changes",
    "fresh-links": "each answer and event has a link of its own to the order, which the catalogue says",
    "slow": "the last event of an order comes a second later",
    "pings": "each new hook gets a ping, as GitHub sends it",
    "sent-again": "an event that was taken is sent once more, with its attempt in the data",
    "rendered-anew": "a repeated delivery counts its attempts in the data",
    "one-type-each": "a hook hears of one type of event alone",
    "secret-shown-once": "an order has a secret that each answer leaves empty, as it was shown before",
}
WRONG = {
    "never-sent": "no event is sent",
    "second-change-untold": "the event of a second change is not sent",
    "second-change-told-twice": "the event of a second change is sent twice, with two ids",
    "state-before": "events of a change show the order as it was before",
    "another-id-again": "a delivery is repeated with another id",
    "never-again": "a refused delivery is not repeated",
    "one-id-for-all": "all events have one id",
    "told-to-all": "events go to the hooks of all persons",
}
MOVES = {"pay": ("new", "paid"), "send": ("paid", "sent")}


@dataclass(slots=True)
class Orders:
    """The server. `post` sends a body to an address, and returns the status of the answer."""

    post: Callable[[str, bytes], int]
    habits: frozenset[str]
    orders: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    hooks: dict[str, tuple[str, str, list[str]]] = field(default_factory=dict)
    late: list[tuple[float, str, bytes]] = field(default_factory=list)
    held: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    now: float = 0.0
    told: int = 100
    signed: int = 0

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        key = (request.header("Authorization") or "").removeprefix("Bearer ")
        if key not in KEYS.values():
            return _answer(401, {"detail": "no key"})
        given = read_json(request.body).value if request.body else None
        given = given if isinstance(given, dict) else {}
        match (request.method, *request.path.strip("/").split("/")):
            case ("POST", "orders"):
                return self._make(key, given.get("text"))
            case ("GET", "orders", id) if (order := self._find(key, id)) is not None:
                return _answer(200, order)
            case ("POST", "orders", id, verb) if verb in MOVES and (order := self._find(key, id)) is not None:
                return self._move(key, order, verb)
            case ("POST", "hooks"):
                return self._hook(key, given)
            case ("DELETE", "hooks", id) if self.hooks.get(id, ("",))[0] == key:
                del self.hooks[id]
                return Response(204)
            case (_, "orders", id, *_) if not id.isdecimal() or int(id) < 1:
                return _answer(422, {"detail": "an id"})
        return _answer(404, {"detail": "not here"})

    def wait(self, seconds: float) -> None:
        """Let time pass, and send what is due."""
        self.now += seconds
        due = [one for one in self.late if one[0] <= self.now]
        self.late = [one for one in self.late if one[0] > self.now]
        for _, url, body in due:
            self.post(url, body)
        held, self.held = self.held, []
        for person, type, order in reversed(held):
            self._send(person, type, order)

    def _find(self, key: str, id: str) -> dict[str, Any] | None:
        return self.orders.get((key, int(id))) if id.isdecimal() else None

    def _make(self, key: str, text: Any) -> Response:
        if not isinstance(text, str) or not 1 <= len(text) <= 40:
            return _answer(422, {"detail": "a text"})
        alone = "counted-per-project" in self.habits
        id = sum(1 for person, _ in self.orders if person == key or not alone) + 1
        id += 5 if alone and key == KEYS["main"] else 0
        self.orders[key, id] = {"id": id, "text": text, "state": "new"}
        self._tell(key, "order.created", dict(self.orders[key, id]))
        return _answer(201, self._link(self.orders[key, id]))

    def _move(self, key: str, order: dict[str, Any], verb: str) -> Response:
        before, after = MOVES[verb]
        if order["state"] != before:
            return _answer(409, {"detail": "too late"})
        shown = dict(order)
        order["state"] = after
        shown = shown if "state-before" in self.habits else dict(order)
        times = 0 if verb == "send" and "second-change-untold" in self.habits else 1
        times += verb == "send" and "second-change-told-twice" in self.habits
        for _ in range(times):
            self._tell(key, "order.updated", shown)
        return _answer(200, self._link(order))

    def _hook(self, key: str, given: dict[str, Any]) -> Response:
        url, types = given.get("url"), given.get("events")
        known = isinstance(types, list) and set(types) <= {"order.created", "order.updated"}
        known = known and not ("one-type-each" in self.habits and len(types) > 1)
        if not isinstance(url, str) or not url.startswith("http") or not known:
            return _answer(422, {"detail": "a url"})
        self.hooks[f"h{len(self.hooks)}-{len(self.orders)}"] = (key, url, types)
        if "pings" in self.habits:
            self.told += 1
            self.late.append((self.now + 0.1, url, self._body(self.told, "ping", {})))
        return _answer(201, {"id": list(self.hooks)[-1]})

    def _tell(self, key: str, type: str, order: dict[str, Any]) -> None:
        if "newest-first" in self.habits:
            self.held.append((key, type, order))
        else:
            self._send(key, type, order)

    def _send(self, key: str, type: str, order: dict[str, Any]) -> None:
        self.told += 1
        for person, url, types in self.hooks.values() if "never-sent" not in self.habits else ():
            if type not in types or (person != key and "told-to-all" not in self.habits):
                continue
            if person != KEYS["main"] and "dead-for-another" in self.habits:
                continue
            body = self._body(self.told, type, order)
            if "slow" in self.habits and order["state"] == "sent":
                self.late.append((self.now + 1.4, url, body))
            elif "sent-again" in self.habits and self.post(url, body) < 300:
                self.late.append((self.now + 0.1, url, self._body(self.told, type, {**order, "attempt": 2})))
            elif self.post(url, body) >= 300 and "never-again" not in self.habits:
                more = 5000 if "another-id-again" in self.habits else 0
                order = {**order, "attempt": 2} if "rendered-anew" in self.habits else order
                self.late.append((self.now + 1, url, self._body(self.told + more, type, order)))

    def _link(self, order: dict[str, Any]) -> dict[str, Any]:
        self.signed += 1
        if "secret-shown-once" in self.habits:
            return {**order, "link": ""}
        return {**order, "link": f"/{self.signed}"} if "fresh-links" in self.habits else order

    def _body(self, number: int, type: str, order: dict[str, Any]) -> bytes:
        id: Any = 7 if "one-id-for-all" in self.habits else number
        id = f"evt-{id}" if "ids-of-texts" in self.habits else id
        return json.dumps({"id": id, "type": type, "data": self._link(order)}).encode()


def orders_model(habit: str = "") -> Model:
    """The catalogue of a server with this habit."""
    old, new = SAID.get(habit, ("", ""))
    assert CATALOGUE.count(old) == 1 or not old
    return load_text(CATALOGUE.replace(old, new), "orders.yaml")


def verify_events(*habits: str) -> Report:
    """Verify the events of a server with these habits."""
    inbox = Inbox("https://hooks.example.com/in")
    server = Orders(lambda url, body: inbox.take(url, (), body, server.now), frozenset(habits))
    report = verify(
        orders_model(habits[0] if habits else ""),
        server,
        Identities(KEYS),
        Options(live=False, only=("event_",), allow_writes=True, max_requests=400),
        clock=lambda: server.now,
        sleep=server.wait,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="http://127.0.0.1:1",
        receiver=inbox,
    )
    assert not [note for note in report.footer.notes if "internal" in note]
    return report


def _answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
