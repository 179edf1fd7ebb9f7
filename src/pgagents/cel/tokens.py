"""Split an expression into tokens, with the places and values of its literals."""

from __future__ import annotations

import re
from typing import NamedTuple

from pgagents.cel.syntax import ExpressionError, Kind

_ESCAPE = (
    r"\\(?:[abfnrtv\"'`\\?]|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2}"
    r"|u[0-9a-fA-F]{4}|U00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})"
)
_BLANK = r"(?:[ \t\r\n\f]++|//[^\n]*+)*+"  # possessive quantifiers, so that matching takes linear time
_TOKEN = re.compile(
    rf"""{_BLANK}(?:
    (?P<word>(?![bB]?[rR]?["'])[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:,()\[\]{{}}]|\.(?![0-9]))
    |(?P<double>(?:[0-9]+\.[0-9]+|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
    |(?P<int>(?:0x[0-9a-fA-F]+|[0-9]+)[uU]?)
    |(?P<text>[bB]?(?:[rR](?:\"\"\".*?\"\"\"|'''.*?'''|"[^"\n\r]*"|'[^'\n\r]*')
      |\"\"\"(?:{_ESCAPE}|[^\\])*?\"\"\"|'''(?:{_ESCAPE}|[^\\])*?'''
      |"(?:{_ESCAPE}|[^"\\\n\r])*"|'(?:{_ESCAPE}|[^'\\\n\r])*'))
    |(?P<end>\Z))""",
    re.S | re.X,
)
_BLANKS = re.compile(_BLANK)
_ESCAPED = re.compile(_ESCAPE)
_MEANT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Token(NamedTuple):
    """A token and its place in the text. The last token has the kind `end`."""

    kind: str
    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a text, and one for its end.

    Raises ExpressionError for characters that form no token.
    """
    found: list[Token] = []
    kind, at = "", 0
    while kind != "end":
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            blanks = _BLANKS.match(text, at)
            wrong = blanks.end() if blanks else at
            raise ExpressionError(_describe(text[wrong]), wrong, wrong + 1, describe_place(text, wrong))
        kind, at = match.lastgroup, match.end()
        found.append(Token(kind, match[kind], match.start(kind), at))
    return found


def describe_place(text: str, at: int) -> str:
    """Describe a place in an expression by line and character, both counted from 1."""
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return f"at character {column}" if line == 1 else f"at line {line}, character {column}"


def _describe(char: str) -> str:
    if char in "\"'":
        return "Syntax error: the text that begins here is not closed, or has an unknown escape in it"
    return f"Syntax error: the character {char!a} has no meaning"


def value_of(token: Token) -> tuple[Kind, str | bytes | int | float]:
    """Return the kind and the value of a literal."""
    text = token.text
    if token.kind == "double":
        return "double", float(text)
    if token.kind == "int":
        digits = text.rstrip("uU")
        return "uint" if digits != text else "int", int(digits, 16 if digits[:2] == "0x" else 10)
    prefix = text[: min(text.find(quote) for quote in "\"'" if quote in text)].lower()
    body = text[len(prefix) :]
    width = 3 if body[:3] in ('"""', "'''") else 1
    inside = body[width:-width]
    if "r" not in prefix:
        inside = _ESCAPED.sub(_unescape, inside)
    return ("bytes", inside.encode("utf-8", "surrogatepass")) if "b" in prefix else ("text", inside)


def _unescape(match: re.Match[str]) -> str:
    escape = match.group()[1:]
    if escape[0] in "xXuU":
        return chr(int(escape[1:], 16))
    return chr(int(escape, 8)) if escape[0] in "0123" else _MEANT.get(escape, escape)
