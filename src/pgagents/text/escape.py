"""Write a text of somebody else as data into a file of another language: one function for each language.

Some characters act on whoever shows a text: controls, and those that turn the direction of writing. They
become the language's own escape, or U+FFFD where it has none.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import quote

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
_HTTP_DIRECTIVE = re.compile(
    r"(?m)^\s*(?:#{3}|(?:#|//)\s*@|@[^\s=]+\s*=|<(?:@\w*)?[ \t]|<>|>(?:>|\s|\Z)|<?\s*\{%)"
)
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


# -- requests in a .http file


def http_comment(value: Any) -> str:
    """Return the rest of a comment, such as a request's title: no directive, and no variable."""
    text = " ".join(plain_line(value).split()).replace("{{", "{ {")
    return f"(at){text[1:]}" if text.startswith("@") else text


def http_address(value: Any) -> str:
    """Return a part of an address, without blanks and variables."""
    return _encode(str(value))


def http_json(text: str) -> str:
    """Return a JSON body in which no reader finds a variable; it parses to the same value."""
    return quoted_text(re.sub(r"\{(?=\{)", r"\\u007b", text))


def http_acts(text: str) -> bool:
    """True if a value or body would act: name a variable, read or write a file, begin another request."""
    return "{{" in text or _HTTP_DIRECTIVE.search(text) is not None or _ACTS.search(text) is not None


def _units(match: re.Match[str]) -> str:
    return _units_of(match[0])


def _units_of(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
