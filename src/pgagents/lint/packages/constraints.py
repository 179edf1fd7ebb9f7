"""The kinds of constraints in a table of fields.

Each takes a value and the table's argument. It returns what is wrong with the value in a few words, or
nothing. A constraint on text accepts values that are no text, because another constraint checks the type.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

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
        parts.port  # noqa: B018 - raises ValueError for a port that is no number
    except ValueError:
        return None
    return parts if parts.hostname else None


def _https(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        return ""
    parts = split_url(value)
    if parts is None:
        return "it is no URL with a host"
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
