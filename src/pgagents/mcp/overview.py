"""An overview of the API, as the text of a resource: purpose, tools, errors, limits."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.mcp.tools import Tool
from pgagents.model.model import Model


def overview(model: Model, tools: dict[str, Tool]) -> str:
    """Return the overview in Markdown, in the catalogue's words."""
    return "\n".join([*_api(model), *_tools(tools), *_errors(model, tools), *_limits(model, tools)]) + "\n"


def _api(model: Model) -> Iterator[str]:
    yield f"# {model.api.title} {model.api.version}"
    yield ""
    yield str(model.api.for_models)


def _tools(tools: dict[str, Tool]) -> Iterator[str]:
    yield "\n## Tools\n"
    for name, tool in tools.items():
        marks = ["reads"] if tool.action.effect == "read" else ["writes"]
        marks += ["moves money"] if tool.action.costs else []
        marks += ["ask the user first"] if tool.action.confirm_body else []
        yield f"- `{name}` ({', '.join(marks)}): {tool.listed['description']}"


def _errors(model: Model, tools: dict[str, Tool]) -> Iterator[str]:
    codes = {code.name: code for tool in tools.values() for code in (*tool.action.errors, *model.always())}
    yield "\n## Errors\n"
    yield (
        "An error is an object `error` with `code`, `message` and, where the API answered, `status` and "
        "`request_id`.\n"
    )
    for code in sorted(codes.values(), key=lambda c: (c.status, c.name)):
        said = f"- `{code.shown or code.name}` ({code.status})"
        yield f"{said}: {code.meaning}" if code.meaning else said


def _limits(model: Model, tools: dict[str, Tool]) -> Iterator[str]:
    used = [
        model.buckets[name] for name in dict.fromkeys(tool.action.bucket for tool in tools.values()) if name
    ]
    if used:
        yield "\n## Limits\n"
    for bucket in used:
        per = "a minute" if bucket.per_s == 60 else f"in {bucket.per_s:g} s"
        per = per if bucket.refill == "even" else f"in each window of {bucket.per_s:g} s"
        yield f"- {bucket.description or bucket.name}: {bucket.requests} {per}"
    if used:
        yield (
            "\nWaiting and repeating after a refusal is done here; a call that comes back with "
            f"{' or '.join(map(str, sorted(model.limit_reader.statuses)))} has waited already."
        )
