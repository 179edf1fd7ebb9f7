"""Messages of a simulated importer, and the data file they come from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from pgagents.resources import folder
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class ImporterMessage:
    """A message of an importer about one place of the document."""

    id: str
    text: str
    pointer: Pointer


@cache
def data(importer: str) -> Any:
    """Return the content of `schemas/importers/<importer>.json`: `messages`, and the date they were
    `read`.
    """
    return json.loads((folder("schemas") / "importers" / f"{importer}.json").read_bytes())


def read_date(importer: str) -> str:
    """Return the date when the importer's messages were collected."""
    return str(data(importer)["read"])
