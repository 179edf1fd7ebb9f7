"""Media types of an action's answers: the Accept header to send, and how to parse the bodies.

JSON is parsed as JSON, another text type as one text, anything else as one text with a character for each
byte. So schemas and laws apply to such a body too, and a body of another type is not reported as bad JSON.
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
"""Also accepted by calls of an action that answers another type, because its errors are JSON."""
_TEXTS = (
    "text/",
    "application/xml",
    "application/yaml",
    "application/x-yaml",
    "application/javascript",
    "application/x-ndjson",
)
_ANY = ("*/*", "")


def is_json(media: str) -> bool:
    """True if bodies of this media type are JSON, also if the type is empty or any."""
    plain = plainly(media)
    return plain in (JSON, *_ANY) or plain.endswith("+json")


def plainly(media: str) -> str:
    """Return a media type in lower case, without parameters."""
    return media.partition(";")[0].strip().lower()


def fits(told: str, promised: str) -> bool:
    """True if a Content-Type is the promised media type, in which `*` stands for anything."""
    return fnmatchcase(plainly(told), plainly(promised))


def accept_of(action: Action) -> str:
    """Return the Accept of a call:

    JSON, or the media types of the action's successes followed by JSON for its errors.
    """
    named = list(
        dict.fromkeys(
            plainly(o.content_type) for o in action.outputs if o.schema is not None and 200 <= o.status < 300
        )
    )
    return ", ".join([*named, ERRORS]) if any(media not in (JSON, *_ANY) for media in named) else JSON


def read_as(response: Response, output: Output | None) -> Json:
    """Parse the body of an answer as the output declares; an answer with a JSON Content-Type is parsed as
    JSON.
    """
    if (
        output is None
        or output.schema is None
        or is_json(output.content_type)
        or is_json(response.header("Content-Type") or JSON)
    ):
        return read_json(response.body, paired=True)
    if plainly(output.content_type).startswith(_TEXTS) or output.content_type.lower().endswith("+xml"):
        try:
            return Json(response.body.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            return Json(problem=f"byte {error.start} is not UTF-8")
    return Json(response.body.decode("latin-1"))


def as_one_text(output: Output, schema: Mapping[str, Any]) -> bool:
    """True if the body can be compared with the schema: it is JSON or one text, and no object in YAML or
    rows of CSV.
    """
    return is_json(output.content_type) or "string" in types_of(schema) or not types_of(schema)
