"""Simulate the builder's first stage: the document's structure, validated by openapi-pydantic 0.5.

That package prints exactly what users paste from the builder: `('openapi',): Input should be '3.1.1' or
'3.1.0'`. Later releases list the versions in another order. So it is assumed to be the builder's own, which
OpenAI does not document. Read 2026-11-20.
"""

from __future__ import annotations

from typing import Any

from pgagents.lint.importers.gpt_builder.messages import say
from pgagents.lint.importers.messages import ImporterMessage
from pgagents.source.source import Pointer

MOST = 100


def structure(data: Any) -> list[ImporterMessage]:
    """Return one message per error, in the package's order, at most `MOST`."""
    from openapi_pydantic.v3.v3_1 import OpenAPI
    from pydantic import ValidationError

    try:
        OpenAPI.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST]
        return [_make_message(one["loc"], one["msg"], data) for one in found]
    except RecursionError:
        return [say("pydantic-generic", (), loc_tuple=(), pydantic_msg="the document is nested too deep")]
    return []


def _make_message(loc: tuple[int | str, ...], message: str, data: Any) -> ImporterMessage:
    known = say("openapi-version", ("openapi",))
    if f"{loc!r}: {message}" == known.text:
        return known
    return say("pydantic-generic", _pointer(loc, data), loc_tuple=loc, pydantic_msg=message)


def _pointer(loc: tuple[int | str, ...], data: Any) -> Pointer:
    """Return the location without class names, which pydantic inserts for the branches of a union."""
    pointer: list[str | int] = []
    here: Any = data
    for step in loc:
        inside = (
            step in here
            if isinstance(here, dict)
            else isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if inside:
            here = here[step]
            pointer.append(step)
    return tuple(pointer)
