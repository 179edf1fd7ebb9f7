"""Convert one operation of a document into an action."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pgagents.decoding.medium import find
from pgagents.encoding.medium import medium_of
from pgagents.importer.bodies import Member, find_file, members
from pgagents.importer.examples import examples
from pgagents.importer.reading.names import clean, cut, identifier, is_name, one_line, sentence, snake, unique
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import (
    JSON,
    Answer,
    Body,
    Operation,
    Parameter,
    encoding_style,
    is_json,
    is_sendable,
)
from pgagents.importer.schemas import Schemas
from pgagents.importer.travelling import Joined, Styled, Unsayable, travelling
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_VERBS = {"GET": "get", "POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}
_READING = re.compile(
    r"(?:^|_)(search|query|find|list|lookup|get|filter|preview|estimate|validate|count|read|fetch)(?:_|$)"
)


ANY_BODY = ("AnyBody", {"description": "A body that the document does not describe"})
_DEEDS = frozenset((
    "logout", "signout", "delete", "remove", "send", "resend", "run", "reset", "revoke", "confirm",
    "unsubscribe", "subscribe", "callback",
    "cancel", "activate", "deactivate", "approve", "reject", "trigger", "execute", "purge", "destroy", "stop",
    "start", "restart",
))  # fmt: skip
"""Words in the name of a GET that suggest that it changes something, whatever HTTP says about GET."""
_DEEDS_OF_ARGUMENTS = frozenset((
    "delete", "remove", "purge", "destroy", "reset", "revoke", "send", "resend", "trigger", "execute",
    "recheck", "restart", "unsubscribe", "logout",
))  # fmt: skip
"""Words that begin the name of an argument by which a GET does something; `start` may begin a range."""


def _is_deed(name: str) -> bool:
    """True if an argument of a GET suggests that it changes something."""
    return snake(name).partition("_")[0] in _DEEDS_OF_ARGUMENTS


def _find_verb(op: Operation) -> str:
    """Return a word of `_DEEDS` that begins the operationId or the last part of the path; empty if none
    does.
    """
    last = next((part for part in reversed(op.path.split("/")) if part and not part.startswith("{")), "")
    words = [snake(text).partition("_")[0] for text in (op.id or "", last)]
    return next((word for word in words if word in _DEEDS), "")


@dataclass(slots=True)
class ImportedAction:
    """An action and its operation. `wires` maps name and place of each parameter in the document to its
    argument.
    """

    name: str
    operation: Operation
    action: dict[str, Any]
    wires: dict[tuple[str, str], str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    """Arguments that are a list in the document and one text here, each with its separator."""


class Actions:
    """Make actions with unique names."""

    def __init__(
        self, schemas: Schemas, notes: Notes, base: str, find_security: Any, *, comparing: bool = False
    ) -> None:
        self.comparing = comparing
        self.schemas, self.notes, self.base, self.find_security = schemas, notes, base, find_security
        self.taken: set[str] = set()
        self.ids: set[str] = set()
        self.routes: dict[tuple[str, str], str] = {}
        self.why = ""

    def make(self, op: Operation) -> ImportedAction | None:
        """Return the action, or None after a note if the catalogue's language cannot express the
        operation.
        """
        path = self._path(op)
        if path is None or (not self.comparing and self._unsayable(op)):
            return None
        spoken = PLACEHOLDER.sub(r"by_\1", op.path)
        name = unique(snake(op.id or f"{_VERBS[op.method]}_{spoken}"), self.taken)
        at: Pointer = ("actions", name)
        made = ImportedAction(name, op, {})
        inputs = self._inputs(op, made, at)
        if inputs is None:
            return None
        self.taken.add(name)
        self.routes[op.method, PLACEHOLDER.sub("{}", path)] = name
        action = made.action
        self._texts(op, name, action, at)
        action["http"] = f"{op.method} {self._rename_placeholders(path, made)}"
        self._operation_id(op, name, action, at)
        self._nature(op, name, action, at)
        if inputs:
            action["input"] = inputs
        action["output"] = self._outputs(op, at)
        if found := examples(op, made, self.notes, at):
            action["examples"] = found
        if op.tags:
            action["tags"] = [clean(t) for t in op.tags]
        if op.whole.value.get("deprecated") is True:
            action["deprecated"] = True
        for problem in op.problems:
            self.notes.add_lost(at, problem)
        self._extras(op, at)
        return made

    def _path(self, op: Operation) -> str | None:
        path = self.base + (op.path if op.path.startswith("/") else f"/{op.path}")
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
        """True, after a note, if an action cannot express the operation's responses or body."""
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
        """True if a call without this body means the same.

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
        """Return the path with placeholders named as the arguments are."""
        return PLACEHOLDER.sub(lambda found: "{" + made.wires[found[1], "path"] + "}", path)

    def _texts(self, op: Operation, name: str, action: dict[str, Any], at: Pointer) -> None:
        summary, description = op.whole.text("summary"), op.whole.text("description")
        action["title"] = one_line(
            summary or (description.split(". ")[0] if description else sentence(name)), 120
        ) or sentence(name)
        action["description"] = cut(description or summary) or sentence(name)
        if not description and not summary:
            self.notes.decide(
                (*at, "description"),
                "the document has no text: say what this does, when to call it and what comes back",
                op.whole.place,
            )
        if len(description) > 8000:
            self.notes.add_lost(
                (*at, "description"),
                f"the description has {len(description):,} characters; 8,000 are kept",
                op.whole.place,
            )

    def _operation_id(self, op: Operation, name: str, action: dict[str, Any], at: Pointer) -> None:
        from pgagents.catalogue.checks.paths import camel

        wanted = op.id if is_name(op.id) else ""
        if not op.id:
            self.notes.decide(
                at, f"{op.label} has no operationId; the name is made from its path", op.whole.place
            )
        elif not wanted:
            self.notes.add_lost(
                at, f"operationId `{brief(op.id)}` is no identifier; it is {camel(name)} here", op.whole.place
            )
        id = wanted or camel(name)
        if id.lower() in self.ids:
            other = unique(id, self.ids)
            self.notes.add_lost(
                at, f"operationId `{id}` is another operation's too; it is {other} here", op.whole.place
            )
            id = other
        self.ids.add(id.lower())
        if id != camel(name):
            action["operation_id"] = id

    def _nature(self, op: Operation, name: str, action: dict[str, Any], at: Pointer) -> None:
        deed = _find_verb(op) if op.method == "GET" else ""
        action["effect"] = "read" if op.method == "GET" and not deed else "write"
        if deed:
            self.notes.decide(
                at, f"does a GET that is called `{deed}` change anything? if it only reads: `effect: read`"
            )
        if op.method == "DELETE":
            action["destructive"] = True
        if op.method != "GET":
            asked = (
                "what is a person asked before this write? `confirm: {body: …}`; `costs: true` if it "
                "moves money"
            )
            if op.method == "POST" and (
                word := _READING.search(f"{name}_{snake(op.path.rpartition('/')[2])}")
            ):
                asked = f"does it only read, as `{word[1]}` says? then `effect: read`; else {asked}"
            self.notes.decide(at, asked)
        if (own := self.find_security(op, at)) is not None:
            action["security"] = own

    def _inputs(self, op: Operation, made: ImportedAction, at: Pointer) -> dict[str, Any] | None:
        """Return the arguments by name, or None after a note if a required parameter or the body cannot be
        expressed.
        """
        found: dict[str, Any] = {}
        notes_at = (*at, "input")
        for p in op.parameters:
            if p.place == "path" and f"{{{p.name}}}" not in self.base + op.path:
                self.notes.add_lost(at, f"path parameter `{brief(p.name)}` is not in the path", p.whole.place)
            elif op.method == "GET" and p.place == "query" and not p.required and _is_deed(p.name):
                asked = f"does `{brief(p.name)}` change anything? it is left out, so that this only reads"
                self.notes.decide(notes_at, asked, p.whole.place)
            elif p.name and not self._parameter(p, found, made, notes_at):
                self.notes.add_left_out(
                    f"{op.label}: required parameter `{brief(p.name)}` cannot be said: {self.why}",
                    p.whole.place,
                )
                return None
        for missing in PLACEHOLDER.findall(self.base + op.path):
            if (missing, "path") not in made.wires:
                name = self._name(missing, found)
                made.wires[missing, "path"] = name
                found[name] = {"type": "string", "required": True}
                self.notes.decide(
                    (*notes_at, name),
                    f"the document does not describe `{{{missing}}}`; it is taken for text",
                    op.whole.place,
                )
        if op.body and not self._body(op, op.body, found, made, at):
            return None
        return found

    def _parameter(self, p: Parameter, found: dict[str, Any], made: ImportedAction, at: Pointer) -> bool:
        """Add the parameter's argument. False, with the reason in `why`, if a required parameter cannot be
        expressed.
        """
        form = travelling(p, self.schemas)
        if isinstance(form, Unsayable):
            self.why = form.why
            if not p.required:
                self.notes.add_lost(at, f"parameter `{brief(p.name)}` is not sent: {form.why}", p.whole.place)
            return not p.required
        self._add(p, found, made, at, form)
        return True

    def _add(
        self,
        p: Parameter,
        found: dict[str, Any],
        made: ImportedAction,
        at: Pointer,
        form: Joined | Styled | None,
    ) -> None:
        """Add the argument of a parameter that is sent as it is, or joined into one text."""
        name = self._name(p.name, found, prefix=p.place)
        here = (*at, name)
        joined = form if isinstance(form, Joined) else None
        schema = dict(joined.schema) if joined else self._argument(p.schema, here, name, made.name)
        if isinstance(form, Styled):
            schema |= _style_members(form)
        if joined:
            made.joined[name] = joined.separator
            how = f"a list that travels as `{p.style}`" if joined.separator else "a JSON value"
            self.notes.add_lost(here, f"{how} is one text here; its schema is not carried", p.whole.place)
        elif p.description:
            schema["description"] = cut(p.description)
        wanted = {"query": ("GET", "DELETE")}.get(p.place, ())
        if p.place in ("header", "cookie") or (p.place == "query" and made.operation.method not in wanted):
            schema["in"] = p.place
        if name != p.name and p.place != "path":
            schema["wire"] = clean(p.name)
        if p.required:
            schema["required"] = True
        if p.place == "header" and p.name.lower() == "idempotency-key":
            made.action["idempotency"] = name
        made.wires[p.name, p.place] = name
        found[name] = schema

    def _argument(self, found: Any, at: Pointer, name: str, action: str) -> dict[str, Any]:
        """Return an argument's schema.

        An argument's `required` is a flag, so an object with a list of required members becomes a named
        schema.
        """
        schema = self.schemas.convert(found, at)
        if "required" in schema:
            description = schema.pop("description", None)
            schema = {
                "$ref": self.schemas.give(
                    "".join(w.capitalize() for w in f"{action}_{name}".split("_")), schema
                )
            }
            if description:
                schema["description"] = description
        return {k: v for k, v in schema.items() if k not in ("readOnly", "writeOnly")}

    def _name(self, wire: str, found: dict[str, Any], prefix: str = "") -> str:
        name = (
            wire if is_name(wire) else snake(wire) if wire[:1].isalpha() and "-" in wire else identifier(wire)
        )
        if name in found and prefix:
            name = f"{prefix}_{name}"[:60]
        return unique(name, list(found))

    def _body(
        self, op: Operation, body: Body, found: dict[str, Any], made: ImportedAction, at: Pointer
    ) -> bool:
        if not is_sendable(body.media) and not self.comparing:
            self.notes.add_lost(at, f"an optional body of {brief(body.media)} is not sent", body.whole.place)
            return True
        parts, closed = members(self.schemas, body, self.notes, (*at, "input"))
        medium = medium_of(body.media)
        keeps = body.required or op.method not in ("GET", "DELETE")
        if (
            parts is None
            and not self.comparing
            and keeps
            and (medium is None or medium.typed or not medium.members)
        ):
            return self._whole_body(body, found, made, (*at, "input"))
        if parts is None:
            if body.required or op.method in ("PUT", "PATCH"):
                self.notes.add_left_out(
                    f"{op.label}: its body ({brief(body.media)}) is no object of named members",
                    body.whole.place,
                )
                return False
            self.notes.add_lost(
                at,
                f"a body of {brief(body.media)} that is no object of named members is not sent",
                body.whole.place,
            )
            return True
        media = _bare(body.media)
        for part in parts:
            if not self._member(part, body, found, made, (*at, "input")):
                return False
        if media not in ("", JSON, "*/*", "text/json") and any(p for p in parts) and is_sendable(media):
            made.action["content_type"] = media
        if closed:
            made.action["unknown"] = "refused"
        if body.required and not any(p.required for p in parts):
            self.notes.add_lost(
                (*at, "input"),
                "the body itself is required; here it is sent where an argument is given",
                body.whole.place,
            )
        return True

    def _member(
        self, part: Member, body: Body, found: dict[str, Any], made: ImportedAction, at: Pointer
    ) -> bool:
        """Add the argument of a body's member. False, after a note, if a required one has no form."""
        form = self._form_of(part, body)
        if isinstance(form, Unsayable):
            if part.required and body.required:
                self.notes.add_left_out(
                    f"{made.operation.label}: the form's `{brief(part.name)}` cannot be said: {form.why}",
                    part.schema.place,
                )
                return False
            self.notes.add_lost(at, f"`{brief(part.name)}` is not sent: {form.why}", part.schema.place)
            return True
        name = self._name(part.name, found, prefix="body")
        schema = find_file(part, body, self.schemas) or self._argument(
            part.schema, (*at, name), name, made.name
        )
        if part.description:
            schema["description"] = cut(part.description)
        if made.operation.method in ("GET", "DELETE") or name in PLACEHOLDER.findall(
            self.base + made.operation.path
        ):
            schema["in"] = "body"
        if name != part.name:
            schema["wire"] = clean(part.name)
        if part.required and body.required:
            schema["required"] = True
        elif part.required:
            self.notes.add_lost(
                (*at, name), "required where a body is sent at all; here it is optional", part.schema.place
            )
        if form is not None:
            schema |= _style_members(form)
        made.wires[part.name, "body"] = name
        found[name] = schema
        return True

    def _whole_body(self, body: Body, found: dict[str, Any], made: ImportedAction, at: Pointer) -> bool:
        """Add one argument that is the whole body."""
        media, medium = _bare(body.media), medium_of(body.media)
        name = self._name("body", found)
        if medium is not None and medium.files and not medium.members:
            schema: dict[str, Any] = {"type": "string", "format": "binary"}
        elif medium is not None and not medium.typed:
            schema = {**self._argument(body.schema, (*at, name), name, made.name), "type": "string"}
        else:
            schema = self._argument(body.schema, (*at, name), name, made.name)
        schema["in"] = "whole_body"
        if body.required:
            schema["required"] = True
        if media not in ("", JSON, "*/*", "text/json"):
            made.action["content_type"] = media
        found[name] = schema
        return True

    def _form_of(self, part: Member, body: Body) -> Styled | Unsayable | None:
        """Return the style of a member of a form, by the document's `encoding`; None if it needs none."""
        medium = medium_of(_bare(body.media))
        if medium is None or medium.typed or find_file(part, body, self.schemas) is not None:
            return None
        encoding = body.whole.at("encoding", part.name)
        style = part.style or (encoding_style(encoding) if encoding.mapping() else "")
        p = Parameter(part.name, "body", part.required, part.description, part.schema, part.schema, style)
        form = travelling(p, self.schemas)
        if isinstance(form, Styled) and form.style == "form" and not style:
            # OpenAPI's default for an object in a form is JSON as text
            return Unsayable("it is an object that the document does not give a `style`")
        return form if not isinstance(form, Joined) else None

    def _outputs(self, op: Operation, at: Pointer) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for answer in op.answers:
            status = {"2XX": 200, "1XX": 100, "3XX": 302}.get(
                answer.status.upper(), int(answer.status) if answer.status.isdecimal() else 0
            )
            if not 200 <= status < 400 or (answer.status.isdecimal() and len(answer.status) != 3):
                continue
            if not answer.status.isdecimal():
                self.notes.add_lost(
                    (*at, "output", status), f"any status of {answer.status} is meant", answer.whole.place
                )
            found.setdefault(status, self._output(answer, (*at, "output", status)))
        if not any(200 <= s < 300 for s in found):
            default = next((a for a in op.answers if a.status == "default"), None)
            lone = default is not None and not any(a.status[:1] in "12" for a in op.answers)
            found = {200: self._output(default, (*at, "output", 200)) if default and lone else None, **found}
            self.notes.decide((*at, "output"), "the document names no successful status", op.whole.place)
        return dict(sorted(found.items()))

    def _output(self, answer: Answer, at: Pointer) -> dict[str, Any] | None:
        described = {"description": cut(answer.description)} if answer.description else {}
        if answer.schema is None:
            if answer.whole.at("content").members() and is_json(answer.media):
                return {"$ref": self.schemas.give(*ANY_BODY), **described}
            if answer.media:
                self.notes.add_lost(
                    at, f"{brief(answer.media)} without a schema is not described", answer.whole.place
                )
            return described or None
        if answer.media and not is_json(answer.media):
            return {**described, **self._no_json(answer, at), "content_type": _bare(answer.media)}
        schema = self.schemas.convert(answer.schema, at)
        media = _bare(answer.media)
        own = {"content_type": media} if media and media not in (JSON, "*/*") else {}
        if not schema.keys() - {"title", "description"}:
            schema = {"$ref": self.schemas.give(*ANY_BODY)}
        return {**schema, **described, **own}

    def _no_json(self, answer: Answer, at: Pointer) -> dict[str, Any]:
        """Return the schema of an answer that is no JSON: rows of CSV keep theirs, all else is one text."""
        assert answer.schema is not None
        kind, media = find(answer.media).name, _bare(answer.media)
        data = media.endswith(("xml", "yaml", "x-ndjson"))
        shape = self.schemas.references.follow(answer.schema).mapping().get("type", "string")
        if shape == "string" or data or (kind == "csv" and shape == "array"):
            return {
                **({"type": "string"} if shape == "string" else {}),
                **self.schemas.convert(answer.schema, at),
            }
        noun = "bytes" if kind == "file" else "rows" if kind == "csv" else "one text"
        why = f"an answer of {brief(media)} is {noun}; its schema is not carried"
        self.notes.add_lost(at, why, answer.whole.place)
        return {"type": "string"}

    def _extras(self, op: Operation, at: Pointer) -> None:
        if op.whole.value.get("callbacks"):
            self.notes.add_lost(at, "callbacks are not carried", op.whole.at("callbacks").place)
        if op.whole.value.get("servers"):
            self.notes.add_lost(
                at,
                "the operation has a server of its own; the API's one is called",
                op.whole.at("servers").place,
            )
        others = [
            m for m in op.whole.at("requestBody", "content").members() if op.body and m != op.body.media
        ]
        if others:
            self.notes.add_lost(
                at,
                f"the body may also be {', '.join(map(brief, others[:4]))}",
                op.whole.at("requestBody").place,
            )


def _style_members(form: Styled) -> dict[str, Any]:
    """Return the keys of an argument with a style."""
    return {"style": form.style} | ({} if form.explode is None else {"explode": form.explode})


def _bare(media: str) -> str:
    """Return a media type without its parameters: `application/json` for `application/json;
    charset=utf-8`.
    """
    return clean(media.partition(";")[0]).lower()
