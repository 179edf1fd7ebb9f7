"""Simulate how m365-spec-parser's generator turns a listed operation into a function, or fails.

The generator asks a person before every call except GET, and shows the arguments. So the arguments of other
methods must be flat.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from pgagents.lint.importers.copilot.references import MISSING, References, refs_in, steps
from pgagents.lint.importers.copilot.security import Wanted, find_undefined, schemes_of
from pgagents.lint.importers.messages import ImporterMessage
from pgagents.source.source import Pointer

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
            return self._make_message(root, shown, "the body is no object with `properties`", place)
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
