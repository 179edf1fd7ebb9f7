"""Convert a document's examples into documented calls of an action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgagents.importer.parameter_styles import text_of
from pgagents.importer.reading.media import is_json
from pgagents.importer.reading.names import clean_value, one_line, slug, unique
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation
from pgagents.importer.reading.references import Found
from pgagents.source.source import Pointer

if TYPE_CHECKING:
    from pgagents.importer.operations.imported import ImportedAction

MOST = 20
_ALONE = "example"


def examples(op: Operation, made: ImportedAction, notes: Notes, at: Pointer) -> dict[str, Any]:
    """Return calls by name: a response's example, with the arguments documented under the same name.

    Values without a matching response are kept as the action's shown values.
    """
    inputs = _inputs(op, made)
    made.shown |= inputs.get(_ALONE, {})
    holders = [p.whole for p in op.parameters] + ([op.body.whole] if op.body else [])
    titles = {name: title for holder in holders for name, (title, _) in _collect_examples(holder).items()}
    first: dict[str, Any] = {}
    for known in inputs.values():
        first = {**known, **first}
    needed = [
        made.wires[p.name, p.place] for p in op.parameters if p.required and (p.name, p.place) in made.wires
    ]
    named: dict[str, dict[str, Any]] = {}
    for answer in op.answers:
        status = int(answer.status) if answer.status.isdecimal() else None
        if status is None or not 200 <= status < 600 or not is_json(answer.media or "application/json"):
            continue
        for name, (title, output) in _collect_examples(_media(answer.whole, answer.media)).items():
            given = inputs.get(name) or (inputs.get(_ALONE, {}) if status < 300 else {})
            if status < 300:  # documents often state a value once that several calls share
                given = {**{n: first[n] for n in needed if n in first and n not in given}, **given}
            made_one: dict[str, Any] = {"title": title} if title else {}
            if given:
                made_one["input"] = given
            made_one |= {"status": status, "output": output}
            named[unique(slug(name if name != _ALONE else f"status-{status}"), named)] = made_one
    for name, given in inputs.items():
        if name != _ALONE and slug(name) not in named and given:
            titled = titles.get(name)
            named[unique(slug(name), named)] = {**({"title": titled} if titled else {}), "input": given}
    if len(named) > MOST:
        notes.add_lost(at, f"{len(named)} examples are documented; {MOST} are kept")
    return dict(list(named.items())[:MOST])


def _media(whole: Found, media: str) -> Found:
    """Return the holder of a response's examples: its media type, or Swagger's `examples` for that media
    type.
    """
    if "content" in whole.mapping():
        return whole.at("content", media)
    written = whole.at("examples", media)
    return (
        Found({"example": written.value}, whole.document, whole.pointer)
        if written.value is not None
        else Found({}, whole.document, whole.pointer)
    )


def _collect_examples(holder: Found) -> dict[str, tuple[str, Any]]:
    """Return title and value of each example by name; an example without a name is called `example`."""
    if "example" in holder.mapping():
        return {_ALONE: ("", clean_value(holder.value["example"]))}
    found = {}
    for name, written in holder.at("examples").members().items():
        if isinstance(written.value, dict) and "value" in written.value:
            found[name] = (one_line(written.text("summary")), clean_value(written.value["value"]))
    return found


def _inputs(op: Operation, made: ImportedAction) -> dict[str, dict[str, Any]]:
    """Return arguments by the name of the example that contains them."""
    found: dict[str, dict[str, Any]] = {}
    for p in op.parameters:
        argument = made.wires.get((p.name, p.place))
        shown = _collect_examples(p.whole) or _collect_examples(
            p.schema if "example" in p.schema.mapping() else Found({}, p.whole.document, "")
        )
        for example, (_, value) in shown.items() if argument else ():
            separator = made.joined.get(argument or "")
            joined = text_of(value, separator) if separator and isinstance(value, list) else value
            found.setdefault(example, {})[argument or ""] = joined
    arguments = made.action.get("input", {}).items()
    whole = next((name for name, schema in arguments if schema.get("in") == "whole_body"), None)
    for example, (_, value) in (
        _collect_examples(op.body.whole).items() if op.body and not op.body.fields else ()
    ):
        if whole is not None and op.body is not None and is_json(op.body.media):
            found.setdefault(example, {})[whole] = value
        elif isinstance(value, dict):
            given = {made.wires[k, "body"]: v for k, v in value.items() if (k, "body") in made.wires}
            found.setdefault(example, {}).update(given)
    alone = found.get(_ALONE)
    for given in found.values() if alone else ():
        for key, value in (alone or {}).items():
            given.setdefault(key, value)
    return found
