"""A small API of notes in this process, that takes any of several variations which its catalogue leaves
open or documents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import unquote

from pgagents.base.http import Handler, Request, Response, read_json
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

KEY = "test_key_1"
URL = "http://127.0.0.1:1"
NOTES = """
pgagents: 1
api:
  {id: notes, title: Notes, version: 1.0.0, server: "https://api.example.com", contact: a@example.com,
   for_people: Notes., for_models: Notes of a person.}
auth: {schemes: {key: {description: A key, prefixes: {test_: test}}}}
errors:
  envelope: Error
  code_at: null
  message_at: detail
  always: [UNAUTHORIZED]
  codes:
    UNAUTHORIZED: {status: 401, meaning: No key}
    REFUSED: {status: 422, meaning: A wrong argument}
    NOT_FOUND: {status: 404, meaning: No such note}
  framework: {invalid: REFUSED, no_key: UNAUTHORIZED}
schemas:
  Error: {type: object, properties: {detail: {type: string}}, required: [detail]}
  Note:
    type: object
    properties: {id: {type: string}, text: {type: string}}
    required: [id, text]
actions:
  list_notes:
    title: List notes
    description: Lists all notes.
    http: GET /notes
    effect: read
    output: {200: {type: object, properties: {notes: {type: array, items: {$ref: Note}}}, required: [notes]}}
  create_note:
    title: Write a note
    description: Writes a note.
    http: POST /notes
    effect: write
    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}
    output: {201: {$ref: Note}}
    errors: [REFUSED]
  get_note:
    title: Get a note
    description: Gets a note.
    http: GET /notes/{note_id}
    effect: read
    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true}}
    output: {200: {$ref: Note}}
    errors: [NOT_FOUND, REFUSED]
  change_note:
    title: Change a note
    description: Changes a note.
    http: PUT /notes/{note_id}
    effect: write
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true}
      text: {type: string, minLength: 1, maxLength: 40, required: true}
    output: {200: {$ref: Note}}
    errors: [NOT_FOUND, REFUSED]
  delete_note:
    title: Delete a note
    description: Deletes a note.
    http: DELETE /notes/{note_id}
    effect: write
    destructive: true
    input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true}}
    output: {204: {}}
    errors: [NOT_FOUND, REFUSED]
surfaces: {rest: {actions: all}}
"""
KNOWN = """
resources:
  note:
    made_by: {action: create_note, input: {text: hello}, at: response}
    read_by: {action: get_note, input: {note_id: =resource.id}, at: response}
    listed_by: {action: list_notes, at: response.notes}
    undone_by: {action: delete_note, input: {note_id: =resource.id}}
    absent: no-such-note
    missing: NOT_FOUND
"""
"""The same with a resource, so that every id is a real one."""


def catalogue(text: str = NOTES, *changes: tuple[str, str]) -> Model:
    """The catalogue with some of its text changed; each change must find its place once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return load_text(text, "notes.yaml")


def with_resource(*changes: tuple[str, str], text: str = NOTES) -> Model:
    """The catalogue that says where notes come from."""
    text = text.replace(
        "note_id: {type: string, minLength: 1, maxLength: 40, required: true}",
        "note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}",
    )
    return catalogue(text + KNOWN, *changes)


def accepting(key: str) -> Callable[[Request], bool]:
    """Return the test of a server for which this is the right key."""
    return lambda request: request.header("Authorization") in (f"Bearer {key}", f"bearer {key}")


@dataclass(slots=True)
class Notes:
    """The server. Where it gives an answer, `odd` answers a call with a key and a path that are right, and
    `before` any call.
    """

    odd: Callable[[Notes, Request], Response | None] = lambda _, __: None
    before: Callable[[Notes, Request], Response | None] = lambda _, __: None
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: list[Request] = field(default_factory=list)
    key: Callable[[Request], bool] = field(default_factory=lambda: accepting(KEY))
    _ids: Any = field(default_factory=lambda: count(1))

    def __call__(self, request: Request) -> Response:
        """The answer."""
        self.log.append(request)
        return self.before(self, request) or self.plainly(request)

    def plainly(self, request: Request) -> Response:
        """The answer without any variation."""
        if not self.key(request):
            return answer(401, {"detail": "who are you?"})
        parts = request.path.strip("/").split("/")
        if parts[0] != "notes" or len(parts) > 2:
            return answer(404, {"detail": "no such path"})
        if len(parts) == 2 and not 1 <= len(unquote(parts[1])) <= 40:
            return answer(422, {"detail": "an id"})
        return self.odd(self, request) or (
            self._all(request) if len(parts) == 1 else self._one(request, unquote(parts[1]))
        )

    def _all(self, request: Request) -> Response:
        if request.method == "GET":
            return answer(200, {"notes": list(self.notes.values())})
        if request.method != "POST":
            return answer(405, {"detail": "no such method"}, Allow="GET, POST")
        text = self.text(request)
        return (
            self.make(f"n{next(self._ids)}", text) if text is not None else answer(422, {"detail": "a text"})
        )

    def _one(self, request: Request, id: str) -> Response:
        if request.method == "PUT" and self.text(request) is None:
            return answer(422, {"detail": "a text"})
        if id not in self.notes:
            return answer(404, {"detail": "no such note"})
        if request.method == "DELETE":
            del self.notes[id]
            return Response(204)
        if request.method == "PUT":
            self.notes[id]["text"] = self.text(request)
        return answer(200, self.notes[id])

    def make(self, id: str, text: str) -> Response:
        """Keep a note."""
        self.notes[id] = {"id": id, "text": text}
        return answer(201, self.notes[id])

    @staticmethod
    def text(request: Request) -> str | None:
        """The text of a note, where the body has one that will do."""
        body = read_json(request.body).value
        text = body.get("text") if isinstance(body, dict) else None
        return text if isinstance(text, str) and 1 <= len(text) <= 40 else None


def answer(status: int, body: Any, **headers: str) -> Response:
    """A JSON answer."""
    return Response(
        status, (("Content-Type", "application/json"), *headers.items()), json.dumps(body).encode()
    )


def verified(
    model: Model,
    server: Handler,
    *,
    bare: Handler | None = None,
    keys: Mapping[str, str] | None = None,
    **options: Any,
) -> Report:
    """A run against a server in this process, whose time stands still unless somebody sleeps."""
    now = [1_790_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model,
        server,
        Identities({"main": KEY} if keys is None else keys),
        Options(live=False, **options),
        clock=lambda: now[0],
        sleep=sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        bare=bare,
    )
