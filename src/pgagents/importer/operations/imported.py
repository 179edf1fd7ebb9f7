"""An action together with the operation that it was made from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pgagents.importer.reading.names import clean
from pgagents.importer.reading.operations import Operation

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(slots=True)
class ImportedAction:
    """An action and the operation that it was made from.

    `wires` maps the name and place of each parameter in the document to its argument.
    """

    name: str
    operation: Operation
    action: dict[str, Any]
    wires: dict[tuple[str, str], str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    """Arguments that are a list in the document and one text in the catalogue, each with its separator."""
    shown: dict[str, Any] = field(default_factory=dict)
    """Values from the document's `example` of arguments, if they belong to no example of an answer."""


def bare_media(media: str) -> str:
    """Return a media type without its parameters: `application/json` for `application/json;
    charset=utf-8`.
    """
    return clean(media.partition(";")[0]).lower()
