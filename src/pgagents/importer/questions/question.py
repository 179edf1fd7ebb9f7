"""A question with its lines, and the view of a catalogue that questions are asked of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Literal

from pgagents.base.jsonschema.schema import Schema, follow
from pgagents.base.places import Pointer
from pgagents.catalogue.model.model import Model
from pgagents.importer.inference.pages import read_schema
from pgagents.importer.text import write_in_one_line

Kind = Literal[
    "server", "contact", "keys", "code", "costs", "reads", "acts", "states", "unique", "sum", "tenant",
    "reference", "pages", "filter", "tag", "job", "times", "echo", "law", "sentence",
]  # fmt: skip


LONGEST = 240
"""The most characters of a sentence that raises a question."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the author, and the lines of YAML that answer it, by the section in which they stand.

    `section` is a key of the catalogue. `answer` has lines of that section's value. `because` is the shape or
    the sentence at `at` that raised it. The lines load as they are if `complete`; otherwise words in capitals
    stand for what is to be filled in.
    """

    kind: Kind
    asks: str
    section: str
    answer: tuple[str, ...]
    at: Pointer = ()
    because: str = ""
    complete: bool = True

    @property
    def lines(self) -> str:
        """Return the answer as YAML that can be merged into a catalogue."""
        return "\n".join((f"{self.section}:", *(f"  {line}" for line in self.answer)))


@dataclass(frozen=True)
class View:
    """A catalogue as data, and who says its parts.

    `says` is true for a place that the author wrote, `guesses` for one that `import` asks the author for.
    """

    data: Mapping[str, Any]
    says: Callable[[Pointer], bool]
    guesses: Callable[[Pointer], bool]

    @cached_property
    def named(self) -> Mapping[str, Any]:
        """The named schemas."""
        return self.list_section("schemas")

    @cached_property
    def actions(self) -> Mapping[str, Mapping[str, Any]]:
        """The actions by name."""
        return self.list_section("actions")

    @cached_property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources by name."""
        return self.list_section("resources")

    def list_section(self, key: str) -> Mapping[str, Any]:
        """Return the mappings of a section by name."""
        section = self.data.get(key)
        items = section.items() if isinstance(section, Mapping) else ()
        return {name: value for name, value in items if isinstance(value, Mapping)}

    def read_answer(self, action: Mapping[str, Any]) -> Schema:
        """Return the schema of an action's first success; empty without one."""
        outputs = action.get("output")
        found = (
            schema
            for status, schema in (outputs.items() if isinstance(outputs, Mapping) else ())
            if isinstance(status, int) and 200 <= status < 300
        )
        first = next(found, None)
        return follow(first, self.named) if isinstance(first, Mapping) else {}

    def read(self, schema: Any) -> Schema:
        """Return the schema behind references and behind a union with null."""
        return read_schema(schema, self.named) if isinstance(schema, Mapping) else {}

    def read_instance(self, resource: Mapping[str, Any]) -> Schema:
        """Return the schema of a resource's instance, as the calls that make, read or list it show it."""
        for key in ("read_by", "made_by", "found_by", "listed_by"):
            calls = resource.get(key)
            for call in calls if isinstance(calls, list) else [calls]:
                if not isinstance(call, Mapping) or str(call.get("action")) not in self.actions:
                    continue
                schema = self._follow_path(self.actions[str(call["action"])], str(call.get("at", "response")))
                if schema.get("properties"):
                    return schema
        return {}

    def _follow_path(self, action: Mapping[str, Any], path: str) -> Schema:
        schema: Schema = self.read_answer(action)
        for step in path.partition("[")[0].split(".")[1:]:
            schema = self.read(schema.get("properties", {}).get(step))
        return self.read(schema.get("items")) if "items" in schema else schema

    def find_code(self, action: Mapping[str, Any], status: int) -> str:
        """Return the name of an action's one error with this status; empty without exactly one."""
        errors = self.data.get("errors")
        codes = errors.get("codes", {}) if isinstance(errors, Mapping) else {}
        always = errors.get("always") if isinstance(errors, Mapping) else ()
        listed = (names for names in (always, action.get("errors")) if isinstance(names, list))
        found = [
            name
            for name in dict.fromkeys(chain.from_iterable(listed))
            if (code := codes.get(name)) == status
            or (isinstance(code, Mapping) and code.get("status") == status)
        ]
        return str(found[0]) if len(found) == 1 else ""

    def is_of_default(self, name: str) -> bool:
        """True if a code has the meaning of codes of other statuses, as one that only `default` documents."""
        errors = self.data.get("errors")
        codes = errors.get("codes", {}) if isinstance(errors, Mapping) else {}
        told = [code for code in codes.values() if isinstance(code, Mapping)]
        own = codes.get(name)
        alike = {
            c.get("status")
            for c in told
            if isinstance(own, Mapping) and c.get("meaning") == own.get("meaning")
        }
        return len(alike) > 1

    def list_laws(self) -> str:
        """Return the text of all laws and workflows, in which a member's name says that it is spoken of."""
        parts: list[str] = []
        for section in (*self.actions.values(), *self.resources.values()):
            parts += [str(section.get("laws", "")), str(section.get("relations", ""))]
        return " ".join((*parts, str(self.data.get("workflows", ""))))


def read_input(action: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments of an action by name; empty if it has none."""
    given = action.get("input")
    return given if isinstance(given, Mapping) else {}


def answer(name: str, entry: Mapping[str, Any]) -> str:
    """Return an entry of a section as one line of YAML."""
    return f"{name}: {write_in_one_line(entry)}"


def open_view(model: Model) -> View:
    """Return the view of a loaded catalogue, whose author has not written what a document says."""
    source = model.source
    return View(source.data, lambda at: source.has(at) and not source.is_from_document(at), source.is_guessed)
