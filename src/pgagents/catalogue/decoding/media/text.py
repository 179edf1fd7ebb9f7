"""Text of any kind, as one text: plain, Markdown, HTML, XML, YAML."""

from __future__ import annotations

from pgagents.base.http import Json
from pgagents.catalogue.decoding.medium import Medium, text_of
from pgagents.catalogue.model.answers import Output


def _read(body: bytes, content_type: str, _output: Output) -> Json:
    return text_of(body, content_type)


MEDIUM = Medium(
    "text",
    (
        *("text/*", "*/*+xml", "application/xml", "application/yaml", "application/x-yaml"),
        *("application/javascript", "application/x-ndjson", "application/jsonl"),
    ),
    _read,
    "text",
)
