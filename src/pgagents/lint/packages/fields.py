"""Check the values of a document by a table of fields: path, then constraints, each with its code.

A row is `path: [[kind, code, argument], …]`. `*` in a path stands for every item of a list or member of an
object. Only the first constraint that a value breaks is reported. `missing` is about an absent member,
`absent` about one whose parent is present.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pgagents.base.errors import Severity
from pgagents.base.places import Pointer
from pgagents.base.reading import read
from pgagents.base.registry import folder

Row = Sequence[Sequence[Any]]
_ABSENT: Any = object()
_ORPHAN: Any = object()
"""Stands for an absent member whose parent is absent too."""


def check(
    rows: Mapping[str, Row], data: Any, file: str, prefix: Pointer = (), *, missing: str = "missing"
) -> Iterator[Hit]:
    """Yield a finding for each broken row.

    `missing` is the kind of rows about absent members in this layout.
    """
    for path, constraints in rows.items():
        for pointer, value in _resolve(data, tuple(path.split(".")), ()):
            hit = _check_value(constraints, value, missing)
            if hit is not None:
                code, detail, help = hit
                yield Hit(code, file, (*prefix, *pointer), detail, help)


def _resolve(data: Any, steps: Sequence[str], at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """Yield the values at a path with their pointers. An absent member is `_ABSENT` or `_ORPHAN`.

    Nothing is yielded below a value of a wrong type, because another row checks the type.
    """
    if not steps or not steps[0]:
        yield at, data
        return
    step, *rest = steps
    if step == "*":
        items: Iterator[tuple[Any, Any]] = iter(())
        if isinstance(data, list):
            items = iter(enumerate(data))
        elif isinstance(data, dict):
            items = iter(data.items())
        for key, value in items:
            yield from _resolve(value, rest, (*at, key))
    elif data is _ABSENT or data is _ORPHAN:
        yield from _resolve(_ORPHAN, rest, (*at, step))
    elif isinstance(data, dict):
        yield from _resolve(data.get(step, _ABSENT), rest, (*at, step))


def _check_value(constraints: Row, value: Any, missing: str) -> tuple[str, str, str] | None:
    for kind, code, *rest in constraints:
        argument = rest[0] if rest else None
        if value is _ABSENT or value is _ORPHAN:
            if kind == missing or (kind == "absent" and value is _ABSENT):
                return code, "it is not there", "add it"
            continue
        if kind not in CONSTRAINTS:
            continue
        function, step = CONSTRAINTS[kind]
        if detail := function(value, argument):
            return code, detail, step.format(argument=_show(argument))
    return None


def _show(argument: Any) -> str:
    shown = ", ".join(map(str, argument)) if isinstance(argument, list) else str(argument)
    return {"string": "a text", "object": "an object", "list": "a list", "boolean": "true or false"}.get(
        shown, "a text or a list" if shown == "text-or-list" else shown
    )


# -- the kinds of constraints.
#
# Each takes a value and the table's argument. It returns what is wrong with the value in a few words, or
# nothing. A constraint on text accepts values that are not text, because another constraint checks the
# type.


Constraint = Callable[[Any, Any], str]

_JOINERS = "\u200c\u200d"
"""Invisible characters that some scripts and emoji need."""
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?"
    r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?",
    re.A,
)
"""Semantic Versioning 2.0.0."""
_HEX = re.compile(r"#([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})([0-9A-Fa-f]{2})")
_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "text-or-list": lambda value: isinstance(value, str | list),
}
_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def name_type(value: Any) -> str:
    """Return the name of a JSON value's type, for messages."""
    return _NAMES.get(type(value), type(value).__name__)


def list_bad_characters(text: str, *, lines: bool) -> list[str]:
    """Return the characters that stores call unsupported: control, invisible and separating ones.

    `lines` allows line breaks. The exact set is not published; joiners that scripts need are allowed.
    """
    allowed = _JOINERS + ("\n\r" if lines else "")
    found = [
        c for c in text if c not in allowed and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    ]
    return list(dict.fromkeys(found))


def _type(value: Any, argument: str) -> str:
    return "" if _TYPES[argument](value) else f"it is {name_type(value)}"


def _empty(value: Any, _: Any) -> str:
    blank = not value.strip() if isinstance(value, str) else value in ([], {})
    return "it is empty" if blank else ""


def _most(value: Any, most: int) -> str:
    if not isinstance(value, str | list | dict) or len(value) <= most:
        return ""
    what = "characters" if isinstance(value, str) else "entries"
    return f"it has {len(value):,} {what}; at most {most:,}"


def _count(value: Any, wanted: int) -> str:
    size = len(value) if isinstance(value, list) else wanted
    return "" if size == wanted else f"there are {size}; exactly {wanted}"


def _match(value: Any, pattern: str) -> str:
    if not isinstance(value, str) or _compile(pattern).fullmatch(value):
        return ""
    return f"it is `{value[:80]}`"


def _unlike(value: Any, pattern: str) -> str:
    if not isinstance(value, str):
        return ""
    match = _compile(pattern).search(value)
    return f"it has `{match.group().strip()[:80]}`" if match else ""


@lru_cache(maxsize=200)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.A)


def _skill_name(value: Any, _: Any) -> str:
    """Names of skills: lower-case letters and digits of any script, and single inner hyphens."""
    if not isinstance(value, str):
        return ""
    name = unicodedata.normalize("NFKC", value.strip())
    good = name == name.lower() and all(c.isalnum() or c == "-" for c in name)
    hyphens = name.startswith("-") or name.endswith("-") or "--" in name
    return "" if good and not hyphens else f"it is `{value[:80]}`"


def _one_of(value: Any, allowed: list[Any]) -> str:
    return "" if value in allowed else f"it is `{str(value)[:80]}`"


def _semver(value: Any, _: Any) -> str:
    return "" if not isinstance(value, str) or _SEMVER.fullmatch(value) else f"it is `{value[:80]}`"


def _name_characters(bad: list[str]) -> str:
    return "it has " + ", ".join(f"U+{ord(c):04X}" for c in bad[:5]) if bad else ""


def _text(value: Any, _: Any) -> str:
    """Text on one line or several. Other constraints distinguish the two."""
    return _name_characters(list_bad_characters(value, lines=True)) if isinstance(value, str) else ""


def _line(value: Any, _: Any) -> str:
    return _name_characters(list_bad_characters(value, lines=False)) if isinstance(value, str) else ""


def _breaks(value: Any, _: Any) -> str:
    lines = value.splitlines() if isinstance(value, str) else ()
    return f"it has {len(lines)} lines" if len(lines) > 1 else ""


def _outer(value: Any, _: Any) -> str:
    return "it begins or ends with a blank" if isinstance(value, str) and value != value.strip() else ""


def split_url(value: Any) -> SplitResult | None:
    """Return a URL's parts; None unless it is an absolute URL with a host."""
    if not isinstance(value, str) or list_bad_characters(value, lines=False) or re.search(r"\s", value):
        return None
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises ValueError for a port that is not a number
    except ValueError:
        return None
    return parts if parts.hostname else None


def _https(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        return ""
    parts = split_url(value)
    if parts is None:
        return "it is not a URL with a host"
    return "" if parts.scheme.lower() == "https" else f"it begins {parts.scheme}:"


def _no_credentials(value: Any, _: Any) -> str:
    parts = split_url(value)
    return "it has a user name or a password" if parts and "@" in parts.netloc else ""


def is_loopback(host: str) -> bool:
    """True for a host name or address of this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _contrast(value: Any, argument: list[Any]) -> str:
    """Contrast ratio of WCAG 2.2 between a colour and another."""
    other, least = argument
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        return ""
    light, dark = sorted((_luminance(value), _luminance(other)), reverse=True)
    ratio = (light + 0.05) / (dark + 0.05)
    return "" if ratio >= least else f"it is {ratio:.2f}:1"


def _luminance(colour: str) -> float:
    match = _HEX.fullmatch(colour)
    assert match is not None
    parts = [int(part, 16) / 255 for part in match.groups()]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _unique(value: Any, _: Any) -> str:
    """Texts of a list are unique after Unicode normalisation, in any case, with blanks collapsed."""
    texts = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
    same = [" ".join(unicodedata.normalize("NFKC", text).casefold().split()) for text in texts]
    twice = next((text for n, text in enumerate(texts) if same[n] in same[:n]), None)
    return f"`{twice[:80]}` stands there twice" if twice is not None else ""


def _members(value: Any, allowed: list[str]) -> str:
    unknown = [str(key)[:80] for key in value if key not in allowed] if isinstance(value, dict) else []
    return f"it has {', '.join(f'`{key}`' for key in unknown[:5])}" if unknown else ""


CONSTRAINTS: dict[str, tuple[Constraint, str]] = {
    "type": (_type, "write {argument} there"),
    "empty": (_empty, "write a text, or leave the member out where it is optional"),
    "most": (_most, "shorten it"),
    "items": (lambda value, most: _most(value, most) if isinstance(value, list) else "", "remove some"),
    "count": (_count, "give exactly {argument}"),
    "match": (_match, "write it in that form"),
    "unlike": (_unlike, "word it without"),
    "match-skill": (_skill_name, "write it in that form"),
    "one-of": (_one_of, "take one of: {argument}"),
    "semver": (_semver, "write it as `1.0.0`"),
    "text": (_text, "remove these characters"),
    "line": (_line, "remove these characters"),
    "one-line": (_breaks, "write it on one line"),
    "outer-blank": (_outer, "remove the outer blanks"),
    "https": (_https, "give the page's full address, which begins https://"),
    "no-credentials": (_no_credentials, "remove what stands before the @"),
    "contrast": (_contrast, "take a colour that stands out more from {argument}"),
    "unique": (_unique, "remove or reword one"),
    "members": (_members, "remove it; these are known: {argument}"),
    "forbidden": (lambda _value, _argument: "it is there", "remove it"),
}
"""Each kind with its function and advice. The table reader itself handles `missing`."""


# -- a judge's table, `schemas/packages/<judge>.yaml`


@dataclass(frozen=True, slots=True)
class Code:
    """A finding that a judge may make. `says` is the requirement.

    `help` is the advice; if it is empty, the broken constraint has one. `offline` is `yes`, `partly` or `no`;
    `undecided` names the part that cannot be checked here.
    """

    name: str
    says: str
    severity: Severity
    help: str
    source: str
    read: str
    offline: str = "yes"
    undecided: str = ""

    @property
    def cited(self) -> str:
        """The source, with the day on which it was read if it is a vendor's."""
        return f"{self.source}, read {self.read}" if self.read else self.source


@dataclass(frozen=True, slots=True)
class Table:
    """The codes by name, the rows by document, and further values by name."""

    codes: Mapping[str, Code]
    fields: Mapping[str, Mapping[str, Row]]
    values: Mapping[str, Any]


@cache
def table(judge: str) -> Table:
    """Return a judge's table by the name of its module."""
    source = read(folder("schemas") / "packages" / f"{judge}.yaml")
    assert not source.problems, source.problems
    data = source.data
    codes = _published(data) if "published" in data else {}
    for name, row in data.get("codes", {}).items():
        codes[name] = Code(
            name,
            row["says"],
            row.get("severity", "error"),
            row.get("help", ""),
            row.get("source", data["source"]),
            str(row.get("read", data["read"])),
            row.get("offline", "yes"),
            row.get("undecided", ""),
        )
    return Table(codes, data.get("fields", {}), data.get("values", {}))


def _published(data: Mapping[str, Any]) -> dict[str, Code]:
    """Return the codes from a file that was copied from the vendor's page."""
    rows = json.loads((folder("schemas") / "vendor" / data["published"]).read_bytes())
    helps, severities = data.get("help", {}), data.get("severity", {})
    undecided = data.get("undecided", {})
    return {
        row["code"]: Code(
            row["code"],
            row["says"],
            severities.get(row["code"], "error" if row["severity"] == "error" else "warning"),
            helps.get(row["code"], ""),
            rows["_source"]["page"],
            rows["_source"]["read"],
            row["offline"],
            undecided.get(row["code"], ""),
        )
        for row in rows["codes"]
    }


# -- the type of a finding


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding by its code in the judge's table.

    `file` is a path from the plugin's root; empty for the package itself. `detail` describes the file's
    content. `help` and `severity` replace those of the table. `line` is the place in a text that has no
    values.
    """

    code: str
    file: str = ""
    pointer: Pointer = ()
    detail: str = ""
    help: str = ""
    severity: Severity | None = None
    line: int = 0
