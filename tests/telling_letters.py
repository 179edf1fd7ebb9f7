"""The API of letters with a log and events: what it tells of a change may be wrong, or told in a legal way.

An event or a row that is late comes after so many requests, or when somebody waits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import letters_api
from letters_api import Letters, model
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model

OPERATOR = "test_key_operator"
LATE = 6
SLOW_S = 1.5
WRONG: dict[str, str] = {
    "read-tells-of-a-change": "reading a letter sends an event of a change",
    "list-tells-of-an-archiving": "a list sends an event for each letter",
    "tag-again-tells-again": "a second call with the same tag sends a second event",
    "archive-again-tells-again": "a second call sends a second event, though it is refused",
    "read-records-a-label": "reading a letter leaves a row of labelling it",
    "list-records-a-removal": "a list leaves a row of removing each letter",
    "archive-again-records-a-label": "a second call leaves a row of another change",
    "write-again-tells-again": "a repetition with the same key sends the event again",
}
LEGAL: dict[str, str] = {
    "late-events": "events come some requests later",
    "late-rows": "rows are listed some requests later",
    "delivered-thrice": "each event is delivered three times with one id",
    "log-of-all-calls": "the log has a row of each call, also of reads, repetitions and refused calls",
    "events-of-reading": "reading sends events which the catalogue says are those of reading",
    "put-is-told-again": "a second equal PUT is announced again",
    "two-rows": "each write leaves two rows",
    "two-events": "each write sends two events",
    "expiring-letters": "a letter expires after some requests, with an event and a row of its removal",
    "counters-of-others": "others write letters all the time, and all hear of it",
}
ACTIONS: Mapping[str, str] = {
    "write_letter": "letter.written",
    "label_letter": "letter.labelled",
    "tag_letter": "letter.updated",
    "archive_letter": "letter.archived",
    "delete_letter": "letter.removed",
    "read_letter": "letter.read",
}
_HOOKS = """  add_hook:
    {title: Add a hook, description: Add a hook., http: POST /hooks, effect: write,
     input:
       {url: {type: string, format: uri, required: true},
        events: {type: array, items: {type: string}, required: true}},
     output: {201: {$ref: Hook}}, errors: [REFUSED]}
  remove_hook:
    {title: Remove a hook, description: Remove a hook., http: "DELETE /hooks/{hook_id}", effect: write,
     input: {hook_id: {type: string, required: true, refers_to: hook}},
     output: {204: {}}, errors: [NOT_FOUND]}
operator:
  actions:
    list_log:
      {title: List the log, description: List the log., http: GET /log, effect: read,
       output: {200: {required: [rows], properties: {rows: {type: array, items: {$ref: Row}}}}}}
surfaces:"""
_RESOURCE = """resources:
  hook:
    made_by: {action: add_hook, input: {url: =fresh.url, events: [letter.written]}, at: response}
    undone_by: {action: remove_hook, input: {hook_id: =resource.id}}
    absent: no-such-hook
    missing: NOT_FOUND
"""
_EVENTS = """webhooks:
  envelope: Event
  registered_by: add_hook
  events:
"""
_AUDIT = """audit:
  listed_by: {action: list_log, at: response.rows}
  as: operator
  about: {letter: letter}
actions:
"""
_SCHEMAS = """  Hook: {type: object, required: [id], properties: {id: {type: string}, url: {type: string}}}
  Row:
    {type: object, required: [at, action],
     properties: {at: {type: string}, action: {type: string}, letter: {type: string}}}
  Event:
    {type: object, required: [id, type, data],
     properties: {id: {type: string}, type: {type: string}, data: {type: object}}}
  Letter:
"""
_ROLES = "roles: {main: {description: A person}, operator: {description: Who runs it, operator: true}}}"


def telling_model(within_s: int | None = None) -> Model:
    """The catalogue of letters with events, a log, and a key with which writing may be repeated. It may say
    within how many seconds an event is sent.
    """
    events = "".join(
        f"    {type}: {{description: It was told, data: Letter, by: [{action}], about: letter}}\n"
        for action, type in ACTIONS.items()
    )
    link = "link: {type: string, format: uri, maxLength: 300}"
    key = "key: {type: string, in: header, wire: Idempotency-Key, required: true}"
    begun = "" if within_s is None else f"  within_s: {within_s}\n"
    with patch.object(
        letters_api,
        "CATALOGUE",
        _EVENTS.replace("  events:\n", f"{begun}  events:\n") + events + letters_api.CATALOGUE,
    ):
        return model(
            ("{test_: test}}}}", "{test_: test}}}, " + _ROLES),
            ("  Letter:\n", _SCHEMAS),
            ("actions:\n", _AUDIT),
            ("surfaces:", _HOOKS),
            ("resources:\n", _RESOURCE),
            (f"{link}}},", f"{link}, {key}}}, idempotency: key, idempotent: true,"),
        )


@dataclass(slots=True)
class Telling:
    """The server in front of the letters. `post` is how it reaches an address."""

    wrong: frozenset[str]
    letters: Letters
    post: Callable[[str, bytes], None]
    hooks: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    waiting: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    told: int = 0
    repeated: dict[str, Response] = field(default_factory=dict)

    def __call__(self, request: Request) -> Response:
        """Answer a request, and tell of what it did."""
        self._deliver(len(self.letters.log))
        parts = request.path.strip("/").split("/")
        if parts[0] == "log":
            return self._list_rows(request)
        if parts[0] == "hooks":
            return self._hook(request, parts)
        before = deepcopy(self.letters.letters)
        key = request.header("Idempotency-Key")
        if key and key in self.repeated:
            self.letters.log.append(request)
            if "write-again-tells-again" in self.wrong:
                self._tell("letter.written", json.loads(self.repeated[key].body))
            return self.repeated[key]
        answer = self.letters(request)
        if key and answer.status < 300:
            self.repeated[key] = answer
        for id in before.keys() - self.letters.letters.keys() if request.method != "DELETE" else ():
            self._tell("letter.removed", before[id])
            self._record("delete_letter", id)
        for id in self.letters.letters.keys() - before.keys() if request.method != "POST" else ():
            self._tell("letter.written", self.letters.letters[id])
        self._tell_of(request, parts, answer, before)
        return answer

    def wait(self, seconds: float) -> None:
        """Deliver what waits. Slow events come after more seconds than others."""
        if "slow-events" not in self.wrong or seconds > SLOW_S:
            self._deliver(len(self.letters.log) + LATE)

    def _tell_of(self, request: Request, parts: list[str], answer: Response, before: dict[str, Any]) -> None:
        name = _name(request.method, parts)
        id = parts[1] if len(parts) > 1 else ""
        if name == "write_letter" and answer.status < 300:
            id = json.loads(answer.body)["id"]
        known = self.letters.letters.get(id) or before.get(id)
        same = known is not None and before.get(id) == known and name not in ("write_letter", "delete_letter")
        reads = request.method == "GET"
        done = answer.status < 300 and not reads and not same
        again = name == "label_letter" and "put-is-told-again" in self.wrong
        if "log-of-all-calls" in self.wrong or (answer.status < 300 and not reads):
            for _ in range(2 if "two-rows" in self.wrong else 1):
                self._record(name, id)
        if known is None and name != "list_letters":
            return
        if name == "read_letter" and "events-of-reading" in self.wrong:
            self._tell("letter.read", known)
        for _ in range((2 if "two-events" in self.wrong else 1) if done or again else 0):
            self._tell(ACTIONS[name], known)
        self._go_wrong(name, id, known, same=same)

    def _go_wrong(self, name: str, id: str, known: Any, *, same: bool) -> None:
        every = list(self.letters.letters.items())
        match name:
            case "read_letter" if "read-tells-of-a-change" in self.wrong:
                self._tell("letter.updated", known)
            case "read_letter" if "read-records-a-label" in self.wrong:
                self._record("label_letter", id)
            case "list_letters" if "list-tells-of-an-archiving" in self.wrong:
                for _, letter in every:
                    self._tell("letter.archived", letter)
            case "list_letters" if "list-records-a-removal" in self.wrong:
                for one, _ in every:
                    self._record("delete_letter", one)
            case "tag_letter" if same and "tag-again-tells-again" in self.wrong:
                self._tell("letter.updated", known)
            case "archive_letter" if same and "archive-again-tells-again" in self.wrong:
                self._tell("letter.archived", known)
            case "archive_letter" if same and "archive-again-records-a-label" in self.wrong:
                self._record("label_letter", id)

    def _tell(self, type: str, letter: Mapping[str, Any]) -> None:
        self.told += 1
        event = {"id": f"event-{self.told}", "type": type, "data": dict(letter)}
        due = len(self.letters.log) + (LATE if self.wrong & {"late-events", "slow-events"} else 0)
        self.waiting += [(due, event)] * (3 if "delivered-thrice" in self.wrong else 1)

    def _record(self, name: str, id: str) -> None:
        due = len(self.letters.log) + (LATE if "late-rows" in self.wrong else 0)
        self.rows.insert(0, (due, {"at": "2026-04-18T16:00:00Z", "action": name, "letter": id}))

    def _deliver(self, now: int) -> None:
        due = [event for at, event in self.waiting if at <= now]
        self.waiting = [one for one in self.waiting if one[0] > now]
        for event in due:
            for address in self.hooks.values():
                self.post(address, json.dumps(event).encode())

    def _list_rows(self, request: Request) -> Response:
        if "no-log" in self.wrong:
            return _answer(503, {"detail": "not now"})
        if request.header("Authorization") != f"Bearer {OPERATOR}":
            return _answer(401, {"detail": "no key"})
        now = len(self.letters.log)
        return _answer(200, {"rows": [row for due, row in self.rows if due <= now]})

    def _hook(self, request: Request, parts: list[str]) -> Response:
        if len(parts) > 1:
            found = self.hooks.pop(parts[1], None)
            return Response(204) if found is not None else _answer(404, {"detail": "no such hook"})
        if "no-hooks" in self.wrong:
            return _answer(422, {"detail": "not now"})
        given = read_json(request.body).value
        id = f"hook-{self.told}-{len(self.letters.log)}"
        self.hooks[id] = given["url"]
        return _answer(201, {"id": id, "url": given["url"]})


def _name(method: str, parts: list[str]) -> str:
    """Return the action of a request."""
    if len(parts) == 1:
        return "list_letters" if method == "GET" else "write_letter"
    if len(parts) == 2:
        return "delete_letter" if method == "DELETE" else "read_letter"
    return {"label": "label_letter", "tags": "tag_letter"}.get(parts[2], "archive_letter")


def _answer(status: int, body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
