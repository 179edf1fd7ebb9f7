"""JSON, and every type with the suffix `+json` (RFC 6839), such as `application/geo+json`."""

from __future__ import annotations

from pgagents.base.http import Json, read_json
from pgagents.catalogue.decoding.medium import Medium
from pgagents.catalogue.model.answers import Output


def _read(body: bytes, _content_type: str, _output: Output) -> Json:
    return read_json(body, paired=True)


MEDIUM = Medium("json", ("application/json", "text/json", "*/*+json"), _read, "data")
