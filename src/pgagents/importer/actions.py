"""Convert one operation of a document into an action: its texts, its answers and its examples."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.acting import NOTHING, Acting
from pgagents.base.jsonschema.schema import says_nothing
from pgagents.base.places import Pointer
from pgagents.base.text import brief
from pgagents.catalogue.decoding.medium import find
from pgagents.catalogue.encoding.medium import ANY
from pgagents.catalogue.model.action import EVERY_CLASS
from pgagents.catalogue.model.answers import ANY_TYPE
from pgagents.importer.action_names import ActionName
from pgagents.importer.arguments import Arguments, Bodies, text_of
from pgagents.importer.document import Found, References, say_dangling
from pgagents.importer.members import find_most_bytes, list_file_types
from pgagents.importer.names import (
    MAX_TEXT,
    Notes,
    clean,
    clean_value,
    cut,
    is_name,
    one_line,
    sentence,
    slug,
    unique,
)
from pgagents.importer.nature import add_nature
from pgagents.importer.operations import (
    JSON,
    PLACEHOLDER,
    Answer,
    Body,
    ImportedAction,
    Operation,
    bare_media,
    is_json,
    is_sendable,
)
from pgagents.importer.schemas import Schemas
from pgagents.importer.servers import Servers


class Actions:
    """Make actions. `names` has the unique name of each by the operation's label."""

    def __init__(
        self,
        schemas: Schemas,
        notes: Notes,
        servers: Servers,
        find_security: Any,
        names: Mapping[str, ActionName],
        *,
        reads: frozenset[str] = frozenset(),
        acting: Mapping[str, Acting] | None = None,
        comparing: bool = False,
    ) -> None:
        self.reads, self.acting, self.comparing = reads, acting or {}, comparing
        self.schemas, self.notes, self.servers, self.find_security = schemas, notes, servers, find_security
        self.names = names
        self.ids: set[str] = set()
        self.routes: dict[tuple[str, str], str] = {}
        self.paths: dict[str, tuple[str, list[str]]] = {}
        """By path without names of placeholders, its first action and the names there."""
        self.arguments, self.answers = Arguments(schemas, notes, servers), Answers(schemas, notes)
        self.bodies = Bodies(self.arguments, comparing=comparing)

    def make(self, op: Operation) -> ImportedAction | None:
        """Return the action, or None after a note if the catalogue's language cannot express the
        operation.
        """
        path = self._path(op)
        if path is None or (not self.comparing and self._unsayable(op)):
            return None
        name = self.names[op.label].name
        at: Pointer = ("actions", name)
        made = ImportedAction(name, op, {})
        given = self._find_names(path)
        inputs = self.arguments.take(op, made, at, given)
        if inputs is None or (op.body and not self.bodies.add(op, op.body, inputs, made, at)):
            return None
        self.routes[op.method, PLACEHOLDER.sub("{}", path)] = name
        action = made.action
        add_texts(op, name, action, at, self.notes)
        if "either" in action:  # a document that pgagents generated states the groups in the description too
            action["description"] = action["description"].partition(" Give exactly one of: ")[0]
        action["http"] = f"{op.method} {self._rename_placeholders(path, made)}"
        self._keep_names(path, action["http"], name, given)
        if (server := self.servers.name_of(op, (*at, "server"))) is not None:
            action["server"] = server
        self._operation_id(op, name, action, at)
        reads = op.label in self.reads
        acting = self.acting.get(op.label, NOTHING) if op.method == "GET" else NOTHING
        asked = None if self.comparing else inputs
        add_nature(op, name, action, at, self.notes, inputs=asked, reads=reads, acting=acting)
        if (own := self.find_security(op, at)) is not None:
            action["security"] = own
        if inputs:
            action["input"] = inputs
        action["output"] = self.answers.convert(op, at)
        if others := list_other_statuses(op):
            action["other_statuses"] = others
        if found := examples(op, made, self.notes, at, self.schemas.references):
            action["examples"] = found
        if op.tags:
            action["tags"] = [clean(t) for t in op.tags]
        if op.whole.value.get("deprecated") is True:
            action["deprecated"] = True
        for loss in op.losses:
            self.notes.add_lost(at, loss.message, loss.source, loss.extent)
        for repair in op.repairs:
            self.notes.repair(at, repair.message, repair.source)
        self._extras(op, at)
        return made

    def _path(self, op: Operation) -> str | None:
        path = self.servers.find_base(op) + (op.path if op.path.startswith("/") else f"/{op.path}")
        names = PLACEHOLDER.findall(path)
        if (
            re.search(r"[\s?#]", path)
            or not path.isprintable()
            or path.count("{") != len(names)
            or path.count("}") != len(names)
        ):
            self.notes.add_left_out(
                f"{op.method} {brief(op.path)}: the catalogue takes no such path", op.whole.place
            )
            return None
        if len(set(names)) != len(names):
            self.notes.add_left_out(
                f"{op.method} {brief(op.path)}: a placeholder stands in the path twice", op.whole.place
            )
            return None
        twin = self.routes.get((op.method, PLACEHOLDER.sub("{}", path)))
        if twin:
            self.notes.add_left_out(
                f"{op.method} {brief(op.path)}: the same method and path as `{twin}`", op.whole.place
            )
            return None
        return path

    def _unsayable(self, op: Operation) -> bool:
        """True, after a note, if the catalogue's language cannot express the operation's responses or
        body.
        """
        said = [a.status.upper() for a in op.answers]
        if (
            said
            and all(s[:1] == "3" for s in said if s[:1] in "123")
            and any(s[:1] == "3" for s in said)
            and "DEFAULT" not in said
        ):
            redirects = ", ".join(s for s in said if s[:1] == "3")
            self.notes.add_left_out(
                (
                    f"{op.method} {brief(op.path)}: it answers a redirect alone ({redirects}), and an action "
                    "needs a 2xx"
                ),
                op.whole.place,
            )
            return True
        if not op.body or is_sendable(op.body.media) or self._bodiless(op, op.body):
            return False
        self.notes.add_left_out(
            (
                f"{op.method} {brief(op.path)}: its body is {brief(op.body.media)}, which no call of a "
                "catalogue sends"
            ),
            op.body.whole.place,
        )
        return True

    def _bodiless(self, op: Operation, body: Body) -> bool:
        """True if a call without this body has the same meaning.

        The body must be optional, and the method must be GET or DELETE, or the body's object must have no
        members.
        """
        if op.method in ("GET", "DELETE"):
            return not body.required
        empty = (
            not body.fields and self.schemas.references.follow(body.schema).mapping().get("properties") == {}
        )
        return empty and not body.required

    def _rename_placeholders(self, path: str, made: ImportedAction) -> str:
        return PLACEHOLDER.sub(lambda found: "{" + made.wires[found[1], "path"] + "}", path)

    def _find_names(self, path: str) -> dict[str, str]:
        """Return the arguments for a path's placeholders, if an action before has this path.

        OpenAPI counts paths that differ only in such names as one, and so does the catalogue.
        """
        known = self.paths.get(PLACEHOLDER.sub("{}", path))
        return {} if known is None else dict(zip(PLACEHOLDER.findall(path), known[1], strict=True))

    def _keep_names(self, path: str, http: str, action: str, given: dict[str, str]) -> None:
        """Record the names of a path's placeholders, or note which of them the document calls otherwise."""
        other, _ = self.paths.setdefault(PLACEHOLDER.sub("{}", path), (action, PLACEHOLDER.findall(http)))
        for written, name in given.items():
            if name != self.arguments.name(written, {}):
                said = f"its name, as in `{other}`: the document calls it `{brief(written)}` in the same path"
                self.notes.infer(("actions", action, "input", name), said)

    def _operation_id(self, op: Operation, name: str, action: dict[str, Any], at: Pointer) -> None:
        from pgagents.catalogue.checks.sending import camel

        keeps = self.comparing or self.names[op.label].kept
        wanted = op.id if is_name(op.id) and keeps else ""
        if not op.id:
            self.notes.infer(at, f"the name, from the path: {op.label} has no operationId")
        elif not wanted:
            if self.names[op.label].shared:
                said = f"the operationId `{brief(op.id)}` is another operation's too; the action is `{name}`"
                self.notes.repair(at, said, op.whole.place)
            else:
                self.notes.infer(at, f"the name: the operationId is `{brief(op.id)}`")
        id = wanted or camel(name)
        if id.lower() in self.ids:
            other = unique(id, self.ids)
            self.notes.repair(at, f"operationId `{id}` is another operation's too; it is {other} here")
            id = other
        self.ids.add(id.lower())
        if id != camel(name):
            action["operation_id"] = id

    def _extras(self, op: Operation, at: Pointer) -> None:
        if op.whole.value.get("callbacks"):
            self.notes.add_lost(at, "callbacks are not carried", op.whole.at("callbacks").place)
        others = [
            m for m in op.whole.at("requestBody", "content").members() if op.body and m != op.body.media
        ]
        if others:
            self.notes.add_lost(
                at,
                f"the body may also be {', '.join(map(brief, others[:4]))}",
                op.whole.at("requestBody").place,
            )


# -- title and description


def add_texts(op: Operation, name: str, action: dict[str, Any], at: Pointer, notes: Notes) -> None:
    """Add title and description from the document, or else from the name."""
    summary, description = op.whole.text("summary"), op.whole.text("description")
    action["title"] = one_line(
        summary or (description.split(". ")[0] if description else sentence(name)), 120
    ) or sentence(name)
    action["description"] = cut(description or summary) or sentence(name)
    if len(description) > MAX_TEXT:
        notes.add_lost(
            (*at, "description"),
            f"the description has {len(description):,} characters; {MAX_TEXT:,} are kept",
            op.whole.place,
        )


# -- answers


ANY_BODY = ("AnyBody", {"description": "A body that the document does not describe"})


class Answers:
    """Convert the answers of operations."""

    def __init__(self, schemas: Schemas, notes: Notes) -> None:
        self.schemas, self.notes = schemas, notes

    def convert(self, op: Operation, at: Pointer) -> dict[int, Any]:
        """Return the answers by status."""
        found: dict[int, Any] = {}
        for answer in op.answers:
            status = {"2XX": 200, "1XX": 100, "3XX": 302}.get(
                answer.status.upper(), int(answer.status) if answer.status.isdecimal() else 0
            )
            if not 200 <= status < 400 or (answer.status.isdecimal() and len(answer.status) != 3):
                continue
            if not answer.status.isdecimal():
                self.notes.add_lost(
                    (*at, "output", status), f"the body of any {answer.status} is meant", answer.whole.place
                )
            found.setdefault(status, self._output(answer, (*at, "output", status)))
        if not any(200 <= s < 300 for s in found):
            default = next((a for a in op.answers if a.status == "default"), None)
            lone = default is not None and not any(a.status[:1] in "12" for a in op.answers)
            found = {200: self._output(default, (*at, "output", 200)) if default and lone else None, **found}
            self.notes.infer((*at, "output"), "200, as the document names no successful status")
        return dict(sorted(found.items()))

    def _output(self, answer: Answer, at: Pointer) -> dict[str, Any] | None:
        described = {"description": cut(answer.description)} if answer.description else {}
        if answer.schema is None:
            if answer.whole.at("content").members() and is_json(answer.media):
                return {"$ref": self.schemas.give(*ANY_BODY), **described, **_say_any(answer)}
            if answer.media:
                items = "itemSchema" in answer.whole.at("content", answer.media).mapping()
                why = "without a schema is not described"
                why = "is one text; what its items are (`itemSchema`) is not carried" if items else why
                self.notes.add_lost(at, f"{brief(answer.media)} {why}", answer.whole.place)
            return described or None
        if types := list_file_types(answer.whole.at("content").members()):
            return {**described, **self._file(answer), "content_type": ANY, "media": types}
        if answer.media and not is_json(answer.media):
            return {**described, **self._no_json(answer, at), "content_type": bare_media(answer.media)}
        schema = self.schemas.convert(answer.schema, at)
        if _holds_bytes_of_any_type(self.schemas.references.follow(answer.schema), answer):
            schema = {"type": "string", "format": "binary"}
        if says_nothing(schema):
            schema = {"$ref": self.schemas.give(*ANY_BODY)}
        media = bare_media(answer.media)
        own = {"content_type": media} if media and media != JSON else {}
        return {**schema, **described, **own}

    def _file(self, answer: Answer) -> dict[str, Any]:
        """Return the schema of a file, with its largest size in bytes."""
        assert answer.schema is not None
        most = find_most_bytes(self.schemas.references.follow(answer.schema).mapping())
        return {"type": "string", "format": "binary", **({"max_bytes": most} if most is not None else {})}

    def _no_json(self, answer: Answer, at: Pointer) -> dict[str, Any]:
        """Return the schema of an answer that is not JSON.

        CSV rows keep their schema; anything else is one text.
        """
        assert answer.schema is not None
        kind, media = find(answer.media).name, bare_media(answer.media)
        data = media.endswith(("xml", "yaml", "x-ndjson"))
        raw = self.schemas.references.follow(answer.schema).mapping()
        if kind == "file" and raw.get("format") == "binary":
            return self._file(answer)
        shape = raw.get("type", "object" if "properties" in raw else "string")
        if shape == "string" or data or (kind == "csv" and shape == "array"):
            return {
                **({"type": "string"} if shape == "string" else {}),
                **self.schemas.convert(answer.schema, at),
            }
        noun = "bytes" if kind == "file" else "rows" if kind == "csv" else "one text"
        why = f"an answer of {brief(media)} is {noun}; its schema is not carried"
        self.notes.add_lost(at, why, answer.whole.place)
        return {"type": "string"}


def list_other_statuses(op: Operation) -> list[str]:
    """Return the classes of statuses that an operation documents without naming each: all for `default`."""
    named = {answer.status.upper() for answer in op.answers}
    return sorted(EVERY_CLASS if "DEFAULT" in named else EVERY_CLASS & named)


def _say_any(answer: Answer) -> dict[str, str]:
    """Return the media type of an undescribed body if it may be any; nothing for a JSON type."""
    return {"content_type": ANY_TYPE} if bare_media(answer.media) == ANY_TYPE else {}


def _holds_bytes_of_any_type(schema: Found, answer: Answer) -> bool:
    """True for a file whose type the document leaves open."""
    raw = schema.mapping()
    return bare_media(answer.media) == ANY_TYPE and (
        raw.get("format") == "binary" or raw.get("type") == "file"
    )


# -- examples


MOST_EXAMPLES = 20
_ALONE = "example"


def examples(
    op: Operation, made: ImportedAction, notes: Notes, at: Pointer, references: References
) -> dict[str, Any]:
    """Return calls by name: a response's example, with the arguments documented under the same name.

    Values without a matching response are kept as the action's shown values.
    """
    shown = _Shown(references, notes, at)
    inputs = _inputs(op, made, shown)
    made.shown |= inputs.get(_ALONE, {})
    holders = [p.whole for p in op.parameters] + ([op.body.whole] if op.body else [])
    titles = {name: title for holder in holders for name, (title, _) in shown.collect(holder).items()}
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
        for name, (title, output) in shown.collect(_media(answer.whole, answer.media)).items():
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
    if len(named) > MOST_EXAMPLES:
        notes.add_lost(at, f"{len(named)} examples are documented; {MOST_EXAMPLES} are kept")
    return dict(list(named.items())[:MOST_EXAMPLES])


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


@dataclass(frozen=True, slots=True)
class _Shown:
    """The examples of an action's parts; a reference that leads nowhere is noted."""

    references: References
    notes: Notes
    at: Pointer

    def collect(self, holder: Found) -> dict[str, tuple[str, Any]]:
        """Return title and value of each example by name; an example without a name is called `example`."""
        if "example" in holder.mapping():
            return {_ALONE: ("", clean_value(holder.value["example"]))}
        found = {}
        for name, written in holder.at("examples").members().items():
            example = self.references.follow(written)
            if example.value is None and (why := say_dangling(written)):
                self.notes.add_lost(self.at, f"example `{brief(name)}`: {why}", written.place, "nowhere")
            if isinstance(example.value, dict) and "value" in example.value:
                found[name] = (one_line(example.text("summary")), clean_value(example.value["value"]))
        return found


def _inputs(op: Operation, made: ImportedAction, shown: _Shown) -> dict[str, dict[str, Any]]:
    """Return arguments by the name of the example that contains them."""
    found: dict[str, dict[str, Any]] = {}
    for p in op.parameters:
        argument = made.wires.get((p.name, p.place))
        named = shown.collect(p.whole) or shown.collect(
            p.schema if "example" in p.schema.mapping() else Found({}, p.whole.document, "")
        )
        for example, (_, value) in named.items() if argument else ():
            separator = made.joined.get(argument or "")
            joined = text_of(value, separator) if separator and isinstance(value, list) else value
            found.setdefault(example, {})[argument or ""] = joined
    arguments = made.action.get("input", {}).items()
    whole = next((name for name, schema in arguments if schema.get("in") == "whole_body"), None)
    for example, (_, value) in shown.collect(op.body.whole).items() if op.body and not op.body.fields else ():
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
