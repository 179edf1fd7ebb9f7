"""Faults of actions that do more than their hints say."""

from __future__ import annotations

from typing import Any

from pgagents.base.http import Request, Response, read_json
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, objects, successful

ROW = "what-a-call-does"


@fault("hint_read_only", needs=(ROW,)).edit_answers
def read_marks_what_it_shows(context: Context, request: Request, answer: Response) -> Response:
    """Reading an instance leaves a mark in its text, which lists show."""
    asked = context.reader.parse(request)
    if asked is None or not successful(answer):
        return answer
    marks: dict[str, int] = context.memory.setdefault("marks", {})
    reads = [call.action for r in context.model.resources.values() for call in r.read_by]
    if any(action is asked.action for action in reads):
        id = next(iter(asked.path.values()), "")
        marks[id] = marks.get(id, 0) + 1
        return answer
    data = data_of(answer)
    for one in objects(data):
        if one.get("id") in marks and isinstance(one.get("text"), str):
            one["text"] += "*" * marks[one["id"]]
    return answer.with_json(data) if data is not None else answer


@fault("hint_idempotent", needs=(ROW,)).edit_requests
def equal_change_appended(context: Context, request: Request) -> Request:
    """A change that is sent again is put behind what is there."""
    asked = context.reader.parse(request)
    if asked is None or asked.action.method != "PATCH":
        return request
    sent: dict[tuple[str, str], int] = context.memory.setdefault("sent", {})
    given = context.reader.arguments(request)
    key = (request.path, request.body.decode("utf-8", "replace"))
    sent[key] = sent.get(key, 0) + 1
    if sent[key] == 1 or not isinstance(given.get("text"), str) or read_json(request.body).value is None:
        return request
    return context.reader.with_arguments(request, {**given, "text": " ".join([given["text"]] * sent[key])})


@fault("hint_not_destructive", needs=(ROW,)).edit_data
def new_instance_changes_the_last(context: Context, request: Request, data: Any) -> Any:
    """Making an instance changes the text that lists show of the one that was made before."""
    asked = context.reader.parse(request)
    makers = [r.made_by.action for r in context.model.resources.values() if r.made_by]
    if asked is None or not isinstance(data, dict):
        return None
    made: list[str] = context.memory.setdefault("made", [])
    if any(action is asked.action for action in makers):
        made += [data["id"]] if isinstance(data.get("id"), str) else []
        return None
    if asked.path:
        return None
    for one in objects(data):
        if one.get("id") in made[:-1] and isinstance(one.get("text"), str):
            one["text"] += "*"
    return data


@fault("hint_closed_world", needs=(ROW,)).edit_answers
def address_in_argument_called(context: Context, request: Request, answer: Response) -> Response:
    """The address in an argument is called at once, as by a server that makes a preview of its page."""
    asked = context.reader.parse(request)
    if asked is None or not successful(answer):
        return answer
    given = context.reader.arguments(request)
    for param in asked.action.params:
        value = given.get(str(param.name))
        if param.schema.get("format") == "uri" and isinstance(value, str):
            context.courier.visit(value)
    return answer
