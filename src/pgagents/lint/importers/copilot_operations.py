"""Decide for each operation whether Copilot can call it, and why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pgagents.base.places import Pointer
from pgagents.lint.facts import ImporterMessage
from pgagents.lint.importers.copilot_document import METHODS, of_operation
from pgagents.lint.importers.copilot_references import (
    MISSING,
    References,
    Wanted,
    find_undefined,
    is_reference,
    lacks_sign_in,
    list_requirements,
    refs_in,
    schemes_of,
    several_at_once,
    steps,
)

OTHERS = ("head", "options", "trace")
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}", re.A)
_SPECIAL = re.compile(r"[^A-Za-z0-9_]")
_MOST_TEXT = 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of Microsoft's package on one operation.

    `reasons` are why the parser omits it, `refused` is why the generator fails, `warnings` are the
    generator's.
    """

    operation: str
    reasons: tuple[str, ...]
    refused: str | None
    warnings: tuple[str, ...]


@dataclass(slots=True)
class Walked:
    """The results for all operations. `functions` are names and descriptions of those that Copilot can
    call.
    """

    said: list[ImporterMessage] = field(default_factory=list)
    functions: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    count: int = 0


def operations(references: References, paths: dict[str, Any]) -> Walked:
    """Check every operation in the document's order. In `paths`, references to whole paths are already
    replaced.
    """
    return _Walk(references).walk(paths)


class _Walk:
    def __init__(self, references: References) -> None:
        self.references = references
        self.data = references.data
        self.generator = Generator(references)
        self.schemes = schemes_of(references)
        self.ids: set[str] = set()
        self.renamed: dict[str, str] = {}
        """The first operationId of each name that Copilot makes of them."""
        self.made = Walked()

    def walk(self, paths: dict[str, Any]) -> Walked:
        for path, item in paths.items():
            for method, written in item.items() if isinstance(item, dict) else ():
                operation = self.references.follow(written)
                if method in (*METHODS, *OTHERS) and isinstance(operation, dict):
                    self.made.count += 1
                    self._operation(("paths", path, method), item, operation)
        return self.made

    def _operation(self, at: Pointer, item: dict[str, Any], operation: dict[str, Any]) -> None:
        _, path, method = at
        shown = f"{str(method).upper()} {path}"
        required = list_requirements(self.references, operation, self.schemes)
        listed = method in METHODS
        dropped = (
            list(self._reasons(at, item, operation, required)) if listed else [_report_unlisted(at, shown)]
        )
        self.made.said += dropped
        self.made.said += [*_texts(operation, shown, at), *self._same_id(operation, at)]
        warned: list[ImporterMessage] = []
        refused = None
        if listed and not dropped:
            refused = self.generator.find_failure(at, operation, required)
            warned = (
                []
                if refused
                else list(
                    _list_warnings(operation, self.generator.resolve_security(operation, required), shown, at)
                )
            )
            self.made.said += [
                *([refused] if refused else ()),
                *warned,
                *self._of_service(operation, required, refused, at),
            ]
        if listed:
            verdict = Verdict(
                shown,
                tuple(s.id for s in dropped),
                refused.id if refused else None,
                tuple(s.id for s in warned),
            )
            self.made.verdicts.append(verdict)
        if dropped:
            self.made.dropped.append((shown, ", ".join(s.id for s in dropped)))
        else:
            text = str(operation.get("description") or operation.get("summary") or "")
            self.made.functions.append((str(operation["operationId"]), text))

    def _reasons(
        self, at: Pointer, item: dict[str, Any], operation: dict[str, Any], required: Wanted
    ) -> Iterator[ImporterMessage]:
        """Yield the parser's reasons to leave the operation out, in the parser's order."""
        shown = f"{str(at[2]).upper()} {at[1]}"
        if several_at_once(required):
            names = " and ".join(name for name, _ in required[0])
            yield ImporterMessage("multiple-auth-not-supported", f"{shown} asks for {names} together", at)
        if not operation.get("operationId"):
            yield ImporterMessage("missing-operation-id", f"{shown} has no operationId", at)
        if trouble := of_operation(self.data, item, operation):
            yield ImporterMessage(trouble, f"{shown} has no server that can be called", at)

    def _same_id(self, operation: dict[str, Any], at: Pointer) -> Iterator[ImporterMessage]:
        id = operation.get("operationId")
        if not isinstance(id, str) or not id:
            return
        if id in self.ids:
            yield ImporterMessage(
                "duplicate-operation-id", f"operationId `{id[:80]}` stands here again", (*at, "operationId")
            )
        self.ids.add(id)
        bent = _SPECIAL.sub("_", id)
        other = self.renamed.setdefault(bent, id)
        if other != id:
            what = f"`{id[:80]}` and `{other[:80]}` both become the function `{bent[:80]}`"
            yield ImporterMessage("duplicate-operation-id", what, (*at, "operationId"))
        if not _NAME.fullmatch(id):
            yield ImporterMessage(
                "function-name",
                f"`{id[:80]}` is not a name that the manifest takes for a function",
                (*at, "operationId"),
            )

    def _of_service(
        self, operation: dict[str, Any], required: Wanted, refused: ImporterMessage | None, at: Pointer
    ) -> Iterator[ImporterMessage]:
        """Yield messages about parts that the generator accepts although Copilot's documents forbid them."""
        for one in required:
            for name, scheme in one:
                if (
                    isinstance(scheme, dict)
                    and scheme.get("type") == "apiKey"
                    and scheme.get("in") == "cookie"
                ):
                    place = ("components", "securitySchemes", name)
                    yield ImporterMessage(
                        "cookie-key", f"`{name}` travels in a cookie, which Copilot does not send", place
                    )
        if refused is None or at[2] == "get":
            yield from troubles(self.references, operation, at)


def _report_unlisted(at: Pointer, shown: str) -> ImporterMessage:
    return ImporterMessage(
        "unlisted-method", f"{shown}: the parser does not list it, so Copilot does not call it", at
    )


def _list_warnings(
    operation: dict[str, Any], required: Wanted, shown: str, at: Pointer
) -> Iterator[ImporterMessage]:
    """Yield those warnings of the generator that concern the document."""
    id = str(operation["operationId"])
    if _SPECIAL.search(id):
        yield ImporterMessage(
            "operationid-contains-special-characters", f"`{id[:80]}` is renamed", (*at, "operationId")
        )
    if lacks_sign_in(required):
        names = ", ".join(dict.fromkeys(name for one in required for name, _ in one))
        yield ImporterMessage(
            "unsupported-auth-type", f"{shown} asks for {names[:120]}, which the generator leaves out", at
        )


def _texts(operation: dict[str, Any], shown: str, at: Pointer) -> Iterator[ImporterMessage]:
    text = operation.get("description")
    if not isinstance(text, str) or not text.strip():
        yield ImporterMessage("no-description", f"{shown} has no description", at)
    elif len(text) > _MOST_TEXT:
        said = f"the description of {shown} has {len(text):,} characters; Copilot reads {_MOST_TEXT:,}"
        yield ImporterMessage("long-description", said, (*at, "description"))
    if at[-1] in ("post", "put", "patch", "delete") and operation.get("x-openai-isConsequential") is False:
        yield ImporterMessage(
            "harmless-write", f"{shown} writes, but is marked as harmless", (*at, "x-openai-isConsequential")
        )


# -- a listed operation as a function.
#
# The generator asks a person before every call except GET, and shows the arguments. So the arguments of
# other methods must be flat.


JSON = "application/json"
_FLAT = ("string", "boolean", "integer", "number")
_METHODS = ("get", "post", "put", "delete", "patch", "head", "options", "trace")
_ESCAPED = re.compile("[~%]")
_SCHEMES = "#/components/securitySchemes/"
_MOST_ITEMS = 100
_REFUSED, _FAILED = "update-manifest-failed", "generate-failed"


class Generator:
    """The generator for one document. It keeps the chosen operations, and the components that they refer
    to.
    """

    def __init__(self, references: References) -> None:
        self.references = references
        self.data = references.data
        self.inside: dict[str, list[str]] = {}

    def find_failure(
        self, at: Pointer, operation: dict[str, Any], required: Wanted
    ) -> ImporterMessage | None:
        """Return why the generator fails on this operation alone; None if it makes a function."""
        _, path, method = at
        shown = f"{str(method).upper()} {path}"
        if method not in self.data["paths"][path]:
            return ImporterMessage(
                "filter-spec-failed",
                f"{shown}: the whole path is a reference, which the generator does not follow",
                at[:2],
            )
        if lost := self._find_lost_reference(path, method):
            return ImporterMessage(
                "get-spec-failed", f"{shown}: where it is chosen alone, `{lost[:120]}` leads to nothing", at
            )
        if name := find_undefined(self.resolve_security(operation, required)):
            return ImporterMessage(
                _FAILED,
                f"{shown} asks for `{name[:80]}`, which `components.securitySchemes` does not define",
                at,
            )
        return None if method == "get" else self._check_arguments(operation, shown, at)

    def resolve_security(self, operation: dict[str, Any], required: Wanted) -> Wanted:
        """Return the operation's security requirements as the generator reads them.

        The result is empty if the document defines none of the required schemes.
        """
        defined = schemes_of(self.references) or {}
        return (
            required
            if any(name in defined for name in self._find_kept_schemes({"operation": operation}))
            else []
        )

    def _find_lost_reference(self, path: Any, method: Any) -> str | None:
        """Return the first reference whose target is removed together with the other operations, or None."""
        if not self._may_lose:
            return None
        item = self.data["paths"][path]
        kept = {key: value for key, value in item.items() if key not in _METHODS or key == method}
        waiting, seen = [*self._of_all, *refs_in(kept)], set()
        while waiting:
            ref = waiting.pop()
            if ref in seen or not ref.startswith("#"):
                continue
            seen.add(ref)
            if not _stays(ref, path, method) or (
                ref.startswith(_SCHEMES) and steps(ref)[2] not in self._find_kept_schemes(kept)
            ):
                return ref
            if ref not in self.inside:
                target = self.references.target(ref)
                self.inside[ref] = [] if target is MISSING else list(refs_in(target))
            waiting += self.inside[ref]
        return None

    def _find_kept_schemes(self, kept: dict[str, Any]) -> set[str]:
        """Return the names of the security schemes that the generator keeps, because they are required."""
        holders = [self.data, *(value for value in kept.values() if isinstance(value, dict))]
        required = [
            one for holder in holders if isinstance(asked := holder.get("security"), list) for one in asked
        ]
        return {name for one in required if isinstance(one, dict) for name in one}

    @cached_property
    def _may_lose(self) -> bool:
        written = {value["$ref"] for _, value in self.references.written}
        return not all(
            ref.startswith("#/components/") and not ref.startswith(_SCHEMES) and not _ESCAPED.search(ref)
            for ref in written
        )

    @cached_property
    def _of_all(self) -> list[str]:
        """Return the references outside paths and components, and those in the security schemes."""
        top = {
            key: value
            for key, value in self.data.items()
            if key not in ("components", "paths") and not str(key).startswith("x-")
        }
        return [*refs_in(top), *refs_in(schemes_of(self.references) or {})]

    def _check_arguments(self, operation: dict[str, Any], shown: str, at: Pointer) -> ImporterMessage | None:
        """Return a message for the first argument that is not flat, or None."""
        followed = self.references.follow
        written = followed(operation.get("parameters"))
        for n, param in enumerate(written if isinstance(written, list) else ()):
            param = followed(param)
            schema = param.get("schema") if isinstance(param, dict) else None
            if said := self._argument(schema, shown, (*at, "parameters", n)):
                return said
        body = followed(operation.get("requestBody"))
        return self._body(body, shown, (*at, "requestBody")) if isinstance(body, dict) else None

    def _body(self, body: dict[str, Any], shown: str, at: Pointer) -> ImporterMessage | None:
        followed = self.references.follow
        content = followed(body.get("content"))
        media = (
            next((str(key) for key in content if JSON in str(key)), "") if isinstance(content, dict) else ""
        )
        of_media = followed(content[media]) if media else None
        root = followed(of_media.get("schema")) if isinstance(of_media, dict) else None
        if not isinstance(root, dict):
            taken = (
                f"takes {', '.join(map(str, content or ()))[:80] or 'nothing'}, not {JSON}"
                if not media
                else "has a body without a schema"
            )
            return ImporterMessage(_FAILED, f"{shown} {taken}: the generator fails on it", (*at, "content"))
        place = (*at, "content", media, "schema")
        if root.get("type") != "object" and (
            root.get("type") or not isinstance(root.get("properties"), dict)
        ):
            return self._make_message(root, shown, "the body is not an object with `properties`", place)
        members = followed(root.get("properties"))
        for name, member in members.items() if isinstance(members, dict) else ():
            if said := self._argument(member, shown, (*place, "properties", name)):
                return said
        return None

    def _argument(self, schema: Any, shown: str, at: Pointer) -> ImporterMessage | None:
        """Return a message if the schema of an argument is not flat, or None."""
        for _ in range(_MOST_ITEMS):
            schema = self.references.follow(schema)
            if not isinstance(schema, dict):
                return ImporterMessage(
                    _FAILED, f"{shown}: an argument, or what a list of it holds, has no schema", at
                )
            if schema.get("type") != "array":
                break
            schema = schema.get("items")
        else:
            return ImporterMessage(_FAILED, f"{shown}: an argument is a list that holds only itself", at)
        kind = schema.get("type")
        if kind in _FLAT:
            return None
        return self._make_message(
            schema,
            shown,
            f"an argument is {kind}" if isinstance(kind, str) else "an argument has no single type",
            at,
        )

    def _make_message(self, schema: dict[str, Any], shown: str, why: str, at: Pointer) -> ImporterMessage:
        """Return the generator's error, which prints the schema. Printing itself fails for a recursive
        schema.
        """
        if any(map(self.references.holds_itself, schema.values())):
            return ImporterMessage(_FAILED, f"{shown}: {why}, and its schema refers to itself", at)
        return ImporterMessage(_REFUSED, f"Unsupported schema in {shown}: {why}", at)


def _stays(ref: str, path: Any, method: Any) -> bool:
    way = steps(ref)
    if way[:1] == ["components"]:
        return not _ESCAPED.search(ref)
    if way[:1] == ["paths"] and len(way) > 1:
        return way[1] == path and (len(way) < 3 or way[2] not in _METHODS or way[2] == method)
    return not (way and way[0].startswith("x-"))


# -- arguments that are nested, composed or circular.
#
# Microsoft's documents forbid them, but its generator does not check.


_COMPOSED = ("oneOf", "anyOf", "allOf")
_TROUBLES = {
    "nested-objects": "an object stands inside what is sent",
    "composition": "oneOf, anyOf or allOf stands in what is sent",
    "circular-reference": "a schema refers to itself",
}


def troubles(references: References, operation: dict[str, Any], at: Pointer) -> Iterator[ImporterMessage]:
    """Yield a message for each kind of problem, at most once per operation."""
    first: dict[str, Pointer] = {}
    for schema, pointer in _schemas(references, operation, at):
        for trouble, place in _trouble(references, schema, pointer):
            first.setdefault(trouble, place)
    for trouble, place in first.items():
        yield ImporterMessage(trouble, f"{str(at[2]).upper()} {at[1]}: {_TROUBLES[trouble]}", place)


def _schemas(references: References, operation: dict[str, Any], at: Pointer) -> Iterator[tuple[Any, Pointer]]:
    """Yield the schema of each parameter and of each member of the body."""
    followed = references.follow
    written = followed(operation.get("parameters"))
    for n, param in enumerate(written if isinstance(written, list) else ()):
        param = followed(param)
        if isinstance(param, dict):
            yield param.get("schema"), (*at, "parameters", n)
    body = followed(operation.get("requestBody"))
    content = followed(body.get("content")) if isinstance(body, dict) else None
    media = followed(content.get(JSON)) if isinstance(content, dict) else None
    place = (*at, "requestBody", "content", JSON, "schema")
    root = followed(media.get("schema")) if isinstance(media, dict) else None
    if not isinstance(root, dict):
        return
    if any(key in root for key in _COMPOSED):
        yield root, place
    members = followed(root.get("properties"))
    for name, member in members.items() if isinstance(members, dict) else ():
        yield member, (*place, "properties", name)


def _trouble(references: References, schema: Any, at: Pointer) -> Iterator[tuple[str, Pointer]]:
    """Yield the reasons why the schema of one argument is not flat."""
    seen: set[str] = set()
    here = schema
    while isinstance(here, dict):
        if is_reference(here):
            if here["$ref"] in seen:
                yield "circular-reference", at
                return
            seen.add(here["$ref"])
            here = references.target(here["$ref"])
            here = None if here is MISSING else here
            continue
        if any(key in here for key in _COMPOSED):
            yield "composition", at
        if here.get("type") == "object" or "properties" in here:
            yield "nested-objects", at
            members = here.get("properties")
            if any(
                isinstance(m, dict) and m.get("$ref") in seen
                for m in (members.values() if isinstance(members, dict) else ())
            ):
                yield "circular-reference", at
            return
        here = here.get("items") if here.get("type") == "array" else None
