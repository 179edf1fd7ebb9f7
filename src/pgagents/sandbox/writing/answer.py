"""Write a result as the body that its action declares: JSON, CSV, a text or a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgagents.http import Response, json_bytes, media_type_of
from pgagents.model.answers.output import Output
from pgagents.sandbox import answers
from pgagents.sandbox.call import AcceptedCall, Other, Raw
from pgagents.sandbox.writing import csv, events, file

_TEXTS = ("xml", "yaml", "javascript", "x-ndjson")


def write_result(call: AcceptedCall, result: Any) -> Response:
    """Return the answer to a call that was carried out, as its surface has it, with the call's headers."""
    output = call.action.success
    if isinstance(result, Other):
        output, result = result.output, result.data
    if call.surface == "rest":
        answer = write(output.status, result, output)
    else:
        answer = answers.success(200, {} if result is None else result)
    return replace(answer, headers=(*answer.headers, *call.headers)) if call.headers else answer


def write(status: int, result: Any, output: Output) -> Response:
    """Return the answer to an accepted REST call. It has no body if the result is None."""
    media = media_type_of(output.content_type)
    if isinstance(result, Raw):
        return Response(status, (("Content-Type", result.content_type),), result.body)
    if result is None:
        return Response(status)
    if media in ("application/json", "*/*") or media.endswith("+json"):
        body = json_bytes(result)
    elif output.events is not None:
        body = events.write(result)
    elif output.columns is not None:
        body = csv.write(result, output.columns)
    elif media.startswith("text/") or media.endswith(_TEXTS):
        body = (result if isinstance(result, str) else json_bytes(result).decode()).encode()
    elif isinstance(result, Mapping | list):
        body = json_bytes(result)
    else:
        media = "image/png" if media in ("image/*", "*/*") else media
        body = file.write(media)
    return Response(status, (("Content-Type", media if media != "*/*" else "application/json"),), body)
