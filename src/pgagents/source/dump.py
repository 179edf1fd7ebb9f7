"""Write JSON data as canonical text, in JSON or in YAML: equal data gives equal bytes everywhere.

The YAML means the same in YAML 1.2 and in YAML 1.1. PyYAML reads `no`, `12:30`, `0o10` and `2026-01-01` as
something other than text, and `1e-05` as text. So only unambiguous scalars are written plain; all others are
quoted.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pgagents.text.escape import quoted_text

_PLAIN = re.compile(r"[^\W\d](?:[^\x00-\x20\x7f-\xa0#:]|:(?=[^\s])|(?<=\S)#|\ (?=[^\s#]))*\Z")
_PATH = re.compile(r"[/$][A-Za-z0-9_{}./$-]*\Z")
_MISTAKEN = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_NO_WRAP = 1 << 30
_ONE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def to_json(data: Any) -> bytes:
    """Return JSON with two spaces per level, non-ASCII text unescaped, members in their order, and a final
    newline.

    The bytes are those of `json.dumps` with `indent=2`. That takes twice as long, because it passes each
    piece of text through one generator for each level.
    """
    return (quoted_text(_indent(data, "\n")) + "\n").encode()


def _indent(data: Any, margin: str) -> str:
    """Return a value as JSON. `margin` is the line break and the blanks before its closing bracket."""
    deeper = f"{margin}  "
    if isinstance(data, dict) and data:
        members = [f"{_ONE.encode(str(key))}: {_indent(value, deeper)}" for key, value in data.items()]
        return f"{{{deeper}{f',{deeper}'.join(members)}{margin}}}"
    if isinstance(data, list | tuple) and data:
        return f"[{deeper}{f',{deeper}'.join([_indent(value, deeper) for value in data])}{margin}]"
    return _ONE.encode(data)


def to_yaml(data: Any) -> bytes:
    """Return YAML in block style; multi-line text is a literal block.

    libyaml's emitter is driven by events, because PyYAML's representer is ten times slower and quotes by YAML
    1.1 alone.
    """
    import yaml

    out = io.BytesIO()
    emitter = yaml.CSafeDumper(out, encoding="utf-8", allow_unicode=True, width=_NO_WRAP)
    emitter.emit(yaml.StreamStartEvent(encoding="utf-8"))
    emitter.emit(yaml.DocumentStartEvent(explicit=False))
    _emit(data, emitter.emit, yaml)
    emitter.emit(yaml.DocumentEndEvent(explicit=False))
    emitter.emit(yaml.StreamEndEvent())
    # `_style` quotes a text with such characters, and a quoted text may hold escapes
    return quoted_text(out.getvalue().decode()).encode()


def _emit(data: Any, emit: Callable[[Any], None], yaml: Any) -> None:
    kind = type(data)
    if kind is str:
        style = _style(data)
        emit(yaml.ScalarEvent(None, None, (style is None, True), data, style=style))
    elif kind is dict:
        emit(yaml.MappingStartEvent(None, None, True, flow_style=not data))
        for key, value in data.items():
            plain = type(key) is int or _style(key) is None  # HTTP statuses are integer keys
            emit(yaml.ScalarEvent(None, None, (True, True), str(key), style=None if plain else '"'))
            _emit(value, emit, yaml)
        emit(yaml.MappingEndEvent())
    elif kind is list:
        emit(yaml.SequenceStartEvent(None, None, True, flow_style=not data))
        for value in data:
            _emit(value, emit, yaml)
        emit(yaml.SequenceEndEvent())
    else:
        emit(yaml.ScalarEvent(None, None, (True, False), _bare(data)))


@lru_cache(maxsize=4096)
def _style(text: str) -> str | None:
    if (_PLAIN.match(text) or _PATH.match(text)) and text.isprintable() and text.lower() not in _MISTAKEN:
        return None
    if (
        "\n" in text
        and text[0] not in " \n"
        and all(line.isprintable() and line[-1:] != " " for line in text.split("\n"))
    ):
        return "|"
    return '"'


def _bare(value: Any) -> str:
    """Return a number, true, false or null as YAML text. A float gets a decimal point, which YAML 1.1
    requires.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no JSON number")
        text = repr(value)
        mantissa, e, exponent = text.partition("e")
        return text if not e or "." in mantissa else f"{mantissa}.0e{exponent}"
    return (
        {None: "null", True: "true", False: "false"}[value]
        if value is None or isinstance(value, bool)
        else str(value)
    )
