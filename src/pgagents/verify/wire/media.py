"""What an action says its answers are: the Accept that asks for it, and its bodies read as such.

JSON is read as JSON, another text as one text, anything else as one text with a character for each byte. So schemas and laws
that speak of such a body are judged on what a client gets, and nothing that is no JSON is called bad JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from pgagents.http import Json, Response, read_json
from pgagents.model.action import Action, Output
from pgagents.verify.values.schema_values import types_of

JSON = "application/json"
ERRORS = f"{JSON};q=0.9"
"""What an action that answers something else may still refuse a call with."""
_TEXTS = ("text/", "application/xml", "application/yaml", "application/x-yaml", "application/javascript", "application/x-ndjson")
_ANY = ("*/*", "")


def is_json(media: str) -> bool:
    """Whether bodies of this media type are JSON; where nothing is said, they are."""
    plain = plainly(media)
    return plain in (JSON, *_ANY) or plain.endswith("+json")


def plainly(media: str) -> str:
    """A media type in small letters, without its parameters."""
    return media.partition(";")[0].strip().lower()


def fits(told: str, promised: str) -> bool:
    """Whether a Content-Type is the promised media type, in which a star stands for anything."""
    return fnmatchcase(plainly(told), plainly(promised))


def accept_of(action: Action) -> str:
    """The Accept of a call: JSON, or the media types of the action's successes, and JSON for its refusals."""
    named = list(dict.fromkeys(plainly(o.content_type) for o in action.outputs if o.schema is not None and 200 <= o.status < 300))
    return ", ".join([*named, ERRORS]) if any(media not in (JSON, *_ANY) for media in named) else JSON


def read_as(response: Response, output: Output | None) -> Json:
    """The body of an answer, read as the output says; an answer that says itself that it is JSON is read as that."""
    if output is None or output.schema is None or is_json(output.content_type) or is_json(response.header("Content-Type") or JSON):
        return read_json(response.body, paired=True)
    if plainly(output.content_type).startswith(_TEXTS) or output.content_type.lower().endswith("+xml"):
        try:
            return Json(response.body.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            return Json(problem=f"byte {error.start} is not UTF-8")
    return Json(response.body.decode("latin-1"))


def as_one_text(output: Output, schema: Mapping[str, Any]) -> bool:
    """Whether the schema speaks of the body as one text; an object in YAML or rows in CSV are not compared with theirs."""
    return is_json(output.content_type) or "string" in types_of(schema) or not types_of(schema)
