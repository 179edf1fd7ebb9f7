"""Measure lint: a catalogue of 1,000 actions by all rules, and the GPT builder's import of a document of one
megabyte.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from evaluation.bench.catalogue import make_catalogue

BESIDE = Path(__file__).parents[2] / "tests/interop/node_modules/.bin"
"""The folder of other tools that `make interop` installs; they are measured beside if they are there."""


class Cost(Protocol):
    """The cost of a process."""

    @property
    def cpu_s(self) -> float: ...

    def describe(self) -> str:
        """Return the cost in words."""


def lint_rows(folder: Path, cost: Callable[[Sequence[str]], Cost]) -> list[tuple[str, str, str, bool]]:
    """Two rows of the table; `cost` runs a process, whose exit code 1 (something was found) is meant."""
    catalogue, document = folder / "many.yaml", folder / "large.json"
    catalogue.write_text(make_catalogue(1_000), encoding="utf-8")
    document.write_text(json.dumps(make_document(1_000_000)), encoding="utf-8")
    lint, gpt = (
        min((cost(_call(*words)) for _ in range(3)), key=lambda c: c.cpu_s)
        for words in ([catalogue], [document, "--for", "gpt-builder"])
    )
    rows = [
        ("lint of 1,000 actions, all rules", lint.describe(), "about 2 s", lint.cpu_s < 3),
        ("lint --for gpt-builder, a document of 1 MB", gpt.describe(), "< 1 s", gpt.cpu_s < 1),
    ]
    ruleset = folder / "spectral.json"
    ruleset.write_text('{"extends": ["spectral:oas"]}', encoding="utf-8")
    for name, words in (
        ("Spectral", ["spectral", "lint", "--ruleset", ruleset, document]),
        ("Redocly", ["redocly", "lint", document]),
    ):
        if (BESIDE / str(words[0])).exists():
            rows.append((f"{name} lint, the same document", cost(_other(*words)).describe(), "(none)", True))
    return rows


def _other(program: str, *words: Any) -> list[str]:
    """Another tool's call in a process that ends well whatever is found."""
    command = [str(BESIDE / program), *map(str, words)]
    return [
        sys.executable,
        "-c",
        f"import subprocess as s; s.run({command!r}, stdout=s.DEVNULL, stderr=s.DEVNULL, check=False)",
    ]


def _call(*words: Any) -> list[str]:
    """The command in a process that ends well where something is found."""
    script = (
        f"import sys\nfrom pgagents.cli.main import main\nsys.exit(main({['lint', *map(str, words)]!r}) "
        "not in (0, 1))"
    )
    return [sys.executable, "-c", script]


def make_document(size_bytes: int) -> dict[str, Any]:
    """An OpenAPI document of about that size, as a framework would write it."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Warehouse", "version": "1"},
        "servers": [{"url": "https://warehouse.example"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }
    for n in range(size_bytes // 1_055):  # so many bytes an operation with its schema takes
        members = {
            f"member_{m}": {"type": "string", "description": f"Member {m} of what stands on the shelf"}
            for m in range(8)
        }
        schemas[f"Shelf{n}"] = {"type": "object", "properties": members}
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/Shelf{n}"}}}
        paths[f"/shelves/{n}"] = {
            "post": {
                "operationId": f"put{n}",
                "description": f"Put a box on shelf {n}. Returns the shelf.",
                "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
                "requestBody": {"content": content},
                "responses": {"200": {"description": "The shelf", "content": content}},
            }
        }
    return document
