"""Forms with nested brackets: what the fields of an action may be, and how they are read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")
CONTROL = re.compile("[\0-\x1f]")
METADATA_NAME = re.compile(r"[a-z][a-z_]{0,19}")

ABSENT: Any = object()

Pair = tuple[str, str]


class Invalid(ValueError):
    """A value that does not fit; `at` is the field as it was written, if that is another one."""

    def __init__(self, message: str, at: str = "") -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Entry:
    """A field as written, what stands in its brackets, and its value."""

    written: str
    keys: tuple[str, ...]
    value: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of one value."""

    required: bool = False
    nullable: bool = True
    default: Any = None

    def unknown(self, entry: Entry) -> bool:  # noqa: ARG002
        """True if what stands in the brackets is not listed."""
        return False

    def missing(self, name: str, entries: list[Entry]) -> str:
        """The required part that is not there, or nothing."""
        return name if self.required and not entries else ""

    def read(self, entries: list[Entry]) -> Any:
        """The value of the entries of this field; None for an empty one."""
        if len(entries) > 1:
            raise Invalid("the field is given twice", entries[1].written)
        if entries[0].keys:
            raise Invalid("the field is not an object")
        if entries[0].value == "":
            if self.required or not self.nullable:
                raise Invalid("the field cannot be empty")
            return None
        return self.parse(entries[0].value)

    def parse(self, value: str) -> Any:
        """Read one value that is not empty."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A text."""

    least: int = 1
    most: int = 1_000_000
    pattern: str = ""

    def parse(self, value: str) -> str:
        """Check the bounds and the pattern."""
        if not self.least <= len(value) <= self.most:
            raise Invalid(f"the text must have {self.least} to {self.most} characters")
        if CONTROL.search(value):
            raise Invalid("the text has a control character")
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise Invalid("the text has not the form that is wanted")
        return value


@dataclass(frozen=True, kw_only=True)
class Reference(Field):
    """An id or a cursor: any text may be one, and the action looks it up."""

    def parse(self, value: str) -> str:
        """Take the text as it is."""
        return value


@dataclass(frozen=True, kw_only=True)
class Integer(Field):
    """An integer without sign."""

    least: int
    most: int

    def parse(self, value: str) -> int:
        """Read digits."""
        if not INTEGER.fullmatch(value) or not self.least <= int(value) <= self.most:
            raise Invalid(f"an integer from {self.least} to {self.most} is wanted")
        return int(value)


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of some texts."""

    choices: tuple[str, ...]

    def parse(self, value: str) -> str:
        """Look the text up."""
        if value not in self.choices:
            raise Invalid(f"one of {', '.join(self.choices)} is wanted")
        return value


@dataclass(frozen=True, kw_only=True)
class TextList(Field):
    """A list of different texts, with indexes or with empty brackets."""

    item: Field
    least: int = 0
    most: int

    def read(self, entries: list[Entry]) -> list[str] | None:
        """The items in their order; None if the whole field is empty."""
        first = entries[0]
        if not first.keys:
            if len(entries) > 1 or first.value or self.least:
                raise Invalid("a list is wanted")
            return None
        items = self._indexed(entries) if first.keys != ("",) else self._in_order(entries)
        if not self.least <= len(items) <= self.most:
            raise Invalid(f"{self.least} to {self.most} items are wanted", items[-1].written)
        values: list[str] = []
        for entry in items:
            if entry.value == "":
                raise Invalid("an item cannot be empty", entry.written)
            try:
                value = self.item.parse(entry.value)
            except Invalid as error:
                raise Invalid(str(error), entry.written) from None
            if value in values:
                raise Invalid("the items must be different", entry.written)
            values.append(value)
        return values

    def _in_order(self, entries: list[Entry]) -> list[Entry]:
        for entry in entries:
            if entry.keys != ("",):
                raise Invalid("a list is written in one way", entry.written)
        return entries

    def _indexed(self, entries: list[Entry]) -> list[Entry]:
        found: dict[int, Entry] = {}
        for entry in entries:
            if len(entry.keys) != 1 or not INDEX.fullmatch(entry.keys[0]) or int(entry.keys[0]) in found:
                raise Invalid("a list has each index once", entry.written)
            found[int(entry.keys[0])] = entry
        if max(found) != len(found) - 1:
            raise Invalid("a list has no gaps", found[max(found)].written)
        return [found[index] for index in range(len(found))]


@dataclass(frozen=True, kw_only=True)
class Object(Field):
    """An object with listed fields of one value."""

    fields: dict[str, Field]
    empty: Any = None
    as_whole: bool = True  # can be emptied by its own name

    def unknown(self, entry: Entry) -> bool:
        """True for a field that is not listed."""
        return bool(entry.keys) and entry.keys[0] not in self.fields

    def missing(self, name: str, entries: list[Entry]) -> str:
        """The first required field that is not there, if the object is."""
        if not self.required and not any(entry.keys for entry in entries):
            return ""
        if any(not entry.keys for entry in entries):
            return ""  # told as invalid
        given = {entry.keys[0] for entry in entries}
        for part, part_field in self.fields.items():
            if part_field.required and part not in given:
                return f"{name}[{part}]"
        return ""

    def read(self, entries: list[Entry]) -> Any:
        """The object with all its fields; None if it is empty as a whole."""
        if not entries[0].keys:
            if len(entries) > 1 or entries[0].value or self.required or not self.as_whole:
                raise Invalid("an object is wanted")
            return None
        values = {name: part.default for name, part in self.fields.items()}
        seen: set[str] = set()
        for entry in entries:
            if len(entry.keys) != 1 or entry.keys[0] in seen:
                raise Invalid("the field is given twice, or in another shape", entry.written)
            name = entry.keys[0]
            seen.add(name)
            try:
                values[name] = self.fields[name].read([Entry(entry.written, (), entry.value)])
            except Invalid as error:
                raise Invalid(str(error), entry.written) from None
        return values


@dataclass(frozen=True, kw_only=True)
class Metadata(Field):
    """An object of texts with free names."""

    most: int = 10
    value: Text = field(default_factory=lambda: Text(most=200))

    def read(self, entries: list[Entry]) -> dict[str, str] | None:
        """The texts by name; None if the field is empty as a whole."""
        if not entries[0].keys:
            if len(entries) > 1 or entries[0].value:
                raise Invalid("an object is wanted")
            return None
        values: dict[str, str] = {}
        for entry in entries:
            if len(entry.keys) != 1 or not METADATA_NAME.fullmatch(entry.keys[0]) or entry.keys[0] in values:
                raise Invalid("this name is not possible", entry.written)
            if len(values) == self.most:
                raise Invalid(f"there are at most {self.most} fields", entry.written)
            try:
                if not entry.value:
                    raise Invalid("the value is empty")
                values[entry.keys[0]] = self.value.parse(entry.value)
            except Invalid as error:
                raise Invalid(str(error), entry.written) from None
        return values


Fields = dict[str, Field]


def _group(pairs: Iterable[Pair], fields: Fields) -> dict[str, list[Entry]]:
    entries: dict[str, list[Entry]] = {}
    for written, value in pairs:
        match = NAME.fullmatch(written)
        entry = Entry(written, tuple(re.findall(r"\[([^\[\]]*)\]", match[2])) if match else (), value)
        if not match or match[1] not in fields or fields[match[1]].unknown(entry):
            raise ApiError("param_unknown", "this field is not known", written)
        entries.setdefault(match[1], []).append(entry)
    return entries


def read_fields(pairs: Iterable[Pair], fields: Fields, *, empty_is_null: bool = True) -> dict[str, Any]:
    """Read all fields: unknown ones are told first, then missing, then invalid ones.

    Returns `ABSENT` for what was not sent, and None for what was sent empty.
    """
    entries = _group(pairs, fields)
    for name, wanted in fields.items():
        if missing := wanted.missing(name, entries.get(name, [])):
            raise ApiError("param_missing", "this field is missing", missing)
    values: dict[str, Any] = {}
    for name, wanted in fields.items():
        if name not in entries:
            values[name] = ABSENT
            continue
        try:
            values[name] = wanted.read(entries[name])
            if values[name] is None and not empty_is_null:
                raise Invalid("the argument is empty")
        except Invalid as error:
            raise ApiError("param_invalid", str(error), error.at or entries[name][0].written) from None
    return values


def with_defaults(values: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """Fill in what was left out, or sent empty when making something."""
    return {
        name: fields[name].default if value is ABSENT or value is None else value
        for name, value in values.items()
    }
