"""Simulate the whole import: structure, servers, components, operations, counts and sizes, then the web
form.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pgagents.lint.importers.gpt_builder.components import components
from pgagents.lint.importers.gpt_builder.messages import say, templates
from pgagents.lint.importers.gpt_builder.operations import Function, operations
from pgagents.lint.importers.gpt_builder.servers import domain, servers
from pgagents.lint.importers.gpt_builder.structure import structure
from pgagents.lint.importers.messages import ImporterMessage

MOST_OPERATIONS = 30
MEGABYTE, MEBIBYTE = 1_000_000, 1 << 20
"""The two possible meanings of the builder's "1MB". A document above the smaller one may be refused."""


@dataclass(frozen=True, slots=True)
class Form:
    """The values in the web form around the schema."""

    public: bool = False
    privacy_policy: str = ""
    domains: frozenset[str] = frozenset()
    """Domains of the GPT's other actions."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The builder's messages, and the operations for the model.

    `size_bytes` is the size of the builder's own layout.
    """

    said: tuple[ImporterMessage, ...]
    functions: tuple[Function, ...]
    dropped: tuple[tuple[str, str], ...]
    lost: tuple[tuple[str, str], ...]
    count: int
    size_bytes: int
    url: str | None

    @property
    def domain(self) -> str:
        return domain(self.url) if self.url else ""

    @property
    def blocked(self) -> bool:
        """True if some message blocks the whole import."""
        return any(templates()[s.id].effect == "blocks" for s in self.said)


def simulate(data: Any, form: Form | None = None, *, as_yaml: bool = False, plugin: bool = False) -> Imported:
    """Simulate the import of a document.

    `as_yaml` is true if the document was written as YAML; then the builder shows it as YAML. `plugin`
    simulates the importer of plugins (2023).
    """
    form = form or Form()
    document = data if isinstance(data, dict) else {}
    said = structure(data)
    url, more = servers(document)
    said += [*more, *components(document)]
    walked = operations(document)
    said += walked.said
    if walked.count > MOST_OPERATIONS:
        said.append(say("too-many-ops", ("paths",)))
    size = pretty_size(data, as_yaml=as_yaml)
    if size > MEGABYTE:
        said.append(say("too-big", ()))
    if url and domain(url) in form.domains:
        said.append(say("dup-domain", ("servers",), domain=domain(url)))
    if form.public and not form.privacy_policy.startswith("https://"):
        said.append(say("privacy-policy", ()))
    if plugin and any(templates()[s.id].effect == "blocks" for s in said):
        blocking = [s for s in said if templates()[s.id].effect == "blocks"]
        said.append(say("could-not-parse", (), messages=", ".join(repr(s.text) for s in blocking)))
    return Imported(
        tuple(said),
        tuple(walked.functions),
        tuple(walked.dropped),
        tuple(walked.lost),
        walked.count,
        size,
        url,
    )


def pretty_size(data: Any, *, as_yaml: bool = False) -> int:
    """Return the size of the builder's layout in bytes: JSON indented by two, or YAML with 120 columns.

    The YAML is never longer.
    """
    size = len(
        json.dumps(data, ensure_ascii=False, separators=(",", ": ")).encode("utf-8", "replace")
    ) + _indents(data)
    if not as_yaml or size <= MEGABYTE:
        return size
    import yaml

    return len(
        yaml.dump(
            data, Dumper=yaml.CSafeDumper, width=120, indent=2, allow_unicode=True, sort_keys=False
        ).encode()
    )


def _indents(data: Any) -> int:
    """Return the bytes of line breaks and blanks that an indent of two adds.

    Python's indenting encoder is many times as slow.
    """
    size, stack = 0, [(data, 0)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, dict | list) and value:
            size += len(value) * (3 + 2 * depth) + 1 + 2 * depth
            parts = value.values() if isinstance(value, dict) else value
            stack += [(part, depth + 1) for part in parts if isinstance(part, dict | list)]
    return size
