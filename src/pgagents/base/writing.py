"""Write data as canonical text in JSON or YAML, and texts of somebody else into files of other languages.

Equal data gives equal bytes everywhere.
"""

from __future__ import annotations

import html
import io
import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import quote

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
            raise ValueError(f"{value} is not a JSON number")
        text = repr(value)
        mantissa, e, exponent = text.partition("e")
        return text if not e or "." in mantissa else f"{mantissa}.0e{exponent}"
    return (
        {None: "null", True: "true", False: "false"}[value]
        if value is None or isinstance(value, bool)
        else str(value)
    )


# -- texts inside other languages


_UNSEEN = re.compile(r"[^\x20-\x7e]")
_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\w*\[)")
_ACTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MARKDOWN = re.compile(
    r"[\\`*\[\]<>|#~]|(?<![^\W_])_|_(?![^\W_])"
    r"|&(?=#?\w+;)"  # an entity
    r"|\A[-+](?=\s|\Z)|\A(?:-+|=+)(?=\s*\Z)"  # a list's item, a rule, a heading's underline
)
_NUMBERED = re.compile(r"\A(\d{1,9})([.)])(?=\s|\Z)")
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_YAML_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_NO_ADDRESS = re.compile(r"""[\s"<>\\^`{|}\ufffd]""")

# -- terminals, CI logs


def printable(text: str, keep: str = "") -> str:
    """Return the text with unprintable characters (controls, bidirectional marks) escaped, except those in
    `keep`.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else f"\\x{ord(c):02x}" for c in text)


def disable_commands(line: str) -> str:
    """Return the line with CI commands disabled: `::name` at its start (GitHub), `##[name]` and `##vso[…]`
    anywhere.
    """
    return _COMMAND.sub(lambda m: f"{m[1]}\\:" if m[1] is not None else "#\\#", line)


# -- plain text, Markdown


def visible(text: str) -> str:
    """Return the text with U+FFFD for each character that acts on whoever shows it."""
    return _ACTS.sub("\ufffd", text)


def plain_line(value: Any) -> str:
    """Return one line of plain text."""
    return visible(re.sub(r"[\t\n\r]", " ", str(value)))


def markdown_line(value: Any) -> str:
    """Return one line of Markdown that shows the text as it is."""
    line = " ".join(visible(str(value)).split())
    line = _MARKDOWN.sub(lambda match: "".join(f"\\{c}" for c in match[0]), line)
    return _NUMBERED.sub(r"\1\\\2", line)


def markdown_code(value: Any) -> str:
    """Return a Markdown code span; `|` is escaped for use inside a table."""
    line = " ".join(visible(str(value)).split()) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")


def markdown_address(value: Any) -> str:
    """Return an address for the parentheses of a Markdown link; empty if it is none of the web or of mail."""
    text = str(value)
    if not re.match(r"https?://|mailto:", text):
        return ""
    return _encode(text).replace("(", "%28").replace(")", "%29")


def _encode(text: str) -> str:
    return _NO_ADDRESS.sub(lambda match: quote(match[0]), visible(text))


# -- JSON, YAML


def json_text(text: str) -> str:
    """Return JSON text with unprintable characters as JSON escapes; it parses to the same value."""
    return _UNSEEN.sub(
        lambda match: match[0] if match[0] == "\n" or match[0].isprintable() else _units(match), text
    )


def quoted_text(text: str) -> str:
    """Return JSON, or quoted YAML, with the characters that act as escapes; it parses to the same value."""
    return _ACTS.sub(_units, text) if _ACTS.search(text) else text


def yaml_scalar(value: Any) -> str:
    """Return a YAML scalar for front matter: a plain one if it is a slug, else a quoted one."""
    text = str(value)
    if _SLUG.fullmatch(text) and text not in _YAML_WORDS:
        return text
    return quoted_text(json.dumps(text, ensure_ascii=False))


# -- HTML, JavaScript, Python


def html_text(value: Any) -> str:
    """Return HTML, also for the inside of a quoted attribute."""
    return html.escape(visible(str(value))).replace("\r", "&#13;")


def script_data(value: Any) -> str:
    """Return JSON for a script, also inside a script element: no HTML parser finds its end."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return quoted_text(text.replace("<", "\\u003c"))


def script_template(value: Any) -> str:
    """Return the inside of a JavaScript string or template literal, also inside a script element."""
    text = json.dumps(str(value), ensure_ascii=False)[1:-1]
    return quoted_text(text.replace("`", "\\`").replace("${", "\\${").replace("<", "\\u003c"))


def script_pattern(value: Any) -> str:
    """Return a JavaScript regular expression of this very text, without its slashes."""
    return quoted_text(re.escape(str(value)).replace("/", "\\/").replace("<", "\\u003c"))


def python_literal(value: Any) -> str:
    """Return a Python literal."""
    return repr(value)


def python_quoted(value: Any) -> str:
    """Return the inside of a Python string in double quotes, one or three."""
    return quoted_text(json.dumps(str(value), ensure_ascii=False)[1:-1])


def _units(match: re.Match[str]) -> str:
    return _units_of(match[0])


def _units_of(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
