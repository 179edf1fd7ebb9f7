"""Convert one operation of a document into an action."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgagents.importer.examples import examples
from pgagents.importer.operations.answers import Answers, list_other_statuses
from pgagents.importer.operations.arguments import Arguments
from pgagents.importer.operations.body import Bodies
from pgagents.importer.operations.imported import PLACEHOLDER, ImportedAction
from pgagents.importer.operations.nature import add_nature
from pgagents.importer.operations.texts import add_texts
from pgagents.importer.reading.media import is_sendable
from pgagents.importer.reading.names import clean, is_name, snake, unique
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Body, Operation
from pgagents.importer.reading.servers import Servers
from pgagents.importer.schemas.schemas import Schemas
from pgagents.source.source import Pointer
from pgagents.text.acting import NOTHING, Acting
from pgagents.text.brief import brief

_VERBS = {"GET": "get", "POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}


class Actions:
    """Make actions with unique names."""

    def __init__(
        self,
        schemas: Schemas,
        notes: Notes,
        servers: Servers,
        find_security: Any,
        *,
        reads: frozenset[str] = frozenset(),
        acting: Mapping[str, Acting] | None = None,
        comparing: bool = False,
    ) -> None:
        self.reads, self.acting, self.comparing = reads, acting or {}, comparing
        self.schemas, self.notes, self.servers, self.find_security = schemas, notes, servers, find_security
        self.taken: set[str] = set()
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
        spoken = PLACEHOLDER.sub(r"by_\1", op.path)
        name = unique(snake(op.id or f"{_VERBS[op.method]}_{spoken}"), self.taken)
        at: Pointer = ("actions", name)
        made = ImportedAction(name, op, {})
        given = self._find_names(path)
        inputs = self.arguments.take(op, made, at, given)
        if inputs is None or (op.body and not self.bodies.add(op, op.body, inputs, made, at)):
            return None
        self.taken.add(name)
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
        add_nature(op, name, action, at, self.notes, confirmed=not self.comparing, reads=reads, acting=acting)
        if (own := self.find_security(op, at)) is not None:
            action["security"] = own
        if inputs:
            action["input"] = inputs
        action["output"] = self.answers.convert(op, at)
        if others := list_other_statuses(op):
            action["other_statuses"] = others
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
        """Return the path with each placeholder renamed to its argument's name."""
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
        from pgagents.catalogue.checks.paths import camel

        wanted = op.id if is_name(op.id) else ""
        if not op.id:
            self.notes.infer(at, f"the name, from the path: {op.label} has no operationId")
        elif not wanted:
            long = is_name(op.id[:1]) and op.id.isidentifier() and op.id.isascii()
            why = f"has {len(op.id)} characters, more than 64" if long else "is no identifier"
            self.notes.add_lost(
                at, f"operationId `{brief(op.id)}` {why}; it is {camel(name)} here", op.whole.place
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
