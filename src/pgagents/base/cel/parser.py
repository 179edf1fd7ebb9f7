"""Parse the text of an expression into a syntax tree of limited depth.

The grammar is CEL's without messages (`Type{…}`), leading dots and optional members. JSON values need none of
these (docs/decisions/0014).
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import NamedTuple

from pgagents.base.cel.syntax import (
    COMPARED,
    LEVELS,
    MACROS,
    Choice,
    ExpressionError,
    FunctionCall,
    Index,
    Infix,
    Kind,
    ListOf,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    ObjectOf,
    Unary,
    children,
)

MAX_CHARS = 2_000
MAX_BRACKETS = 30
MAX_DEPTH = 100
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_KEYWORDS = frozenset((*_WORDS, "in"))
_RESERVED = frozenset(
    ("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
     "namespace", "return", "var", "void", "while")
)  # fmt: skip
NO_VARIABLES = _RESERVED | _KEYWORDS
"""Words that cannot be a name of a variable."""
_MOST = {"int": 2**63, "uint": 2**64, "double": sys.float_info.max}


@lru_cache(maxsize=5_000)
def parse(text: str) -> Node:
    """Return the syntax tree of an expression. Raises ExpressionError with the place of the error."""
    if len(text) > MAX_CHARS:
        raise ExpressionError(
            f"the expression has {len(text):,} characters; at most {MAX_CHARS:,} are allowed"
        )
    parser = _Parser(text)
    node = parser.parse()
    # every node has a token, so few tokens make no deep tree
    stack = [(node, 1)] if len(parser.tokens) > MAX_DEPTH else []
    while stack:
        part, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise _too_deep(part.start, part.end)
        stack += [(child, depth + 1) for child in children(part)]
    return node


def _too_deep(start: int, end: int) -> ExpressionError:
    return ExpressionError(
        f"it is nested more than {MAX_DEPTH} levels deep; that is the most allowed", start, end
    )


class _Parser:
    """Parse tokens from left to right. `token` is the next one to read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0
        self.token = self.tokens[0]
        self.brackets = self.choices = 0

    def parse(self) -> Node:
        """Parse all tokens."""
        node = self._expression()
        if self.token.kind != "end":
            before = self.tokens[self.at - 1]  # a word of another language, such as `not`
            other = before if before.text in _MEANT_BY and self.token.text.lower() not in _MEANT_BY else None
            raise self._make_error(f"an operator is expected before `{self.token.text}`", other)
        return node

    def _next(self) -> Token:
        token = self.token
        self.at += 1
        self.token = self.tokens[min(self.at, len(self.tokens) - 1)]
        return token

    def _sees(self, *signs: str) -> bool:
        return self.token.kind == "sign" and self.token.text in signs

    def _take(self, sign: str) -> bool:
        if seen := self._sees(sign):
            self._next()
        return seen

    def _want(self, sign: str) -> Token:
        if not self._sees(sign):
            raise self._make_error(f"`{sign}` is expected")
        return self._next()

    def _make_error(self, reason: str, at: Token | None = None) -> ExpressionError:
        token = at or self.token
        where = describe_place(self.text, token.start)
        if token.kind == "end" and self.brackets:
            help = "close each bracket; in `{…}` and `[…]` of YAML, quote a condition that has a comma in it"
            return ExpressionError(f"Syntax error: {reason}", token.start, token.end, where, help=help)
        two = self.text[max(0, token.start - 1) : token.start + 1]
        two = "{{" if self.text.lstrip().startswith("{{") else two
        help = _MEANT_BY.get(two) or _MEANT_BY.get(token.text) or _MEANT_BY.get(token.text.lower(), FORMS)
        return ExpressionError(f"Syntax error: {reason}", token.start, token.end, where, help=help)

    def _end(self) -> int:
        """Return the offset at which the last token ended."""
        return self.tokens[self.at - 1].end

    def _expression(self) -> Node:
        start = self.token.start
        condition = self._infix(1)
        if not self._take("?"):
            return condition
        then = self._infix(1)
        self._want(":")
        self.choices += 1
        if self.choices > MAX_DEPTH:
            raise _too_deep(start, condition.end)
        otherwise = self._expression()
        self.choices -= 1
        return Choice(condition, then, otherwise, start=start, end=self._end())

    def _level(self) -> int:
        kind, text = self.token.kind, self.token.text
        return LEVELS.get(text, 0) if kind == "sign" or (kind == "word" and text == "in") else 0

    def _infix(self, lowest: int) -> Node:
        start = self.token.start
        left = self._unary()
        while (level := self._level()) >= lowest and level:
            operands: list[Node] = [left]
            signs: list[str] = []
            while self._level() == level and not (signs and level == COMPARED):
                signs.append(self._next().text)
                operands.append(self._infix(level + 1))
            left = _join(level, signs, operands, start, self._end())
        return left

    def _unary(self) -> Node:
        signs = []
        while self._sees("!", "-"):
            signs.append(self._next())
        node = self._postfix(bool(signs) and signs[-1].text == "-")
        for sign in reversed(signs):
            node = Unary(sign.text, node, start=sign.start, end=self._end())
        return node

    def _postfix(self, negative: bool) -> Node:
        start = self.token.start
        node = self._primary(negative)
        while self._sees(".", "["):
            if self._next().text == "[":
                index = self._bracketed()
                end = self._want("]").end
                node = _item_or_member(node, index, start, end)
                self.brackets -= 1
                continue
            if self.token.kind != "word" or self.token.text in _KEYWORDS:
                raise self._make_error("the name of a member is expected")
            name = self._next()
            call = self._sees("(")
            node = (
                self._call(name, node, start) if call else Member(node, name.text, start=start, end=name.end)
            )
        return node

    def _primary(self, negative: bool) -> Node:
        token = self._next()
        if token.kind in ("text", "int", "double"):
            kind, value = value_of(token)
            least = 0 if negative and kind == "int" else 1
            if isinstance(value, int | float) and value > _MOST[kind] - least:
                raise self._make_error("the number is too large", token)
            return Literal(kind, value, token.text, start=token.start, end=token.end)
        if token.kind == "word" and token.text in _WORDS:
            return Literal("word", _WORDS[token.text], token.text, start=token.start, end=token.end)
        if token.kind == "word" and token.text in _RESERVED:
            raise self._make_error(f"`{token.text}` is a reserved word of CEL, and no variable", token)
        if token.kind == "word" and token.text != "in":
            call = self._sees("(")
            return (
                self._call(token, None, token.start)
                if call
                else Name(token.text, start=token.start, end=token.end)
            )
        if token.kind == "sign" and token.text == "(":
            node = self._bracketed()
            self._want(")")
            self.brackets -= 1
            return node
        if token.kind == "sign" and token.text in "[{":
            return self._collection(token)
        raise self._make_error("a value is expected", token)

    def _bracketed(self) -> Node:
        """Parse an expression after an opening bracket, up to the closing one."""
        self._enter()
        return self._expression()

    def _enter(self) -> None:
        self.brackets += 1
        if self.brackets > MAX_BRACKETS:
            at = self.tokens[self.at - 1]
            raise ExpressionError(
                f"brackets are nested {self.brackets} deep; at most {MAX_BRACKETS} are allowed",
                at.start,
                at.end,
            )

    def _call(self, name: Token, of: Node | None, start: int) -> Node:
        self._next()
        self._enter()
        args: list[Node] = []
        while not self._sees(")"):
            args.append(self._expression())
            if not self._sees(")"):
                self._want(",")
                if self._sees(")"):
                    raise self._make_error("an argument is expected")
        end = self._next().end
        self.brackets -= 1
        if name.text == "has" and of is None and not (len(args) == 1 and isinstance(args[0], Member)):
            raise self._make_error("`has()` takes one member, such as `has(input.name)`", name)
        if of is None or name.text not in MACROS or len(args) not in (2, 3 if name.text == "map" else 2):
            return FunctionCall(name.text, of, tuple(args), start=start, end=end)
        item = args[0]
        if not isinstance(item, Name):
            raise self._make_error(f"`{name.text}()` takes a name for the item first", name)
        return Macro(name.text, of, item.name, tuple(args[1:]), start=start, end=end)

    def _collection(self, opening: Token) -> Node:
        """Parse the rest of a list or an object; the last item may be followed by a comma."""
        self._enter()
        closing = "]" if opening.text == "[" else "}"
        items: list[Node] = []
        while not self._sees(closing):
            items.append(self._expression())
            if closing == "}":
                self._want(":")
                items.append(self._expression())
            if not self._take(","):
                break
        end = self._want(closing).end
        self.brackets -= 1
        return (ListOf if closing == "]" else ObjectOf)(tuple(items), start=opening.start, end=end)


def _item_or_member(base: Node, index: Node, start: int, end: int) -> Node:
    """Return the node for `base[index]`. A text as index is a member access, so both spellings are equal."""
    if isinstance(index, Literal) and isinstance(index.value, str):
        return Member(base, index.value, start=start, end=end)
    return Index(base, index, start=start, end=end)


def _join(level: int, signs: list[str], operands: list[Node], start: int, end: int) -> Infix:
    """Join operands into one node. Brackets around operands are dropped if they change nothing."""
    flat_signs: list[str] = []
    flat: list[Node] = []
    for index, operand in enumerate(operands):
        flat_signs += signs[index - 1 : index] if index else []
        same = isinstance(operand, Infix) and level != COMPARED and LEVELS[operand.signs[0]] == level
        if isinstance(operand, Infix) and same and (level <= LEVELS["&&"] or not index):
            flat_signs += operand.signs
            flat += operand.operands
        else:
            flat.append(operand)
    return Infix(tuple(flat_signs), tuple(flat), start=start, end=end)


# -- tokens


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
_ARROW = re.compile(r"\(\s*(?:\w+|\([\w\s,]*\))\s*=>$")
"""Matches the beginning of a function of JavaScript that is an argument, up to its arrow."""
_ESCAPED = re.compile(_ESCAPE)
_MEANT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


FORMS = "docs/reference/say.md has expressions to copy"
_BOTH = "write `&&` between two conditions that must both hold"
_EITHER = "write `||` between two conditions of which one must hold"
_EQUAL = "write `==` to compare two values"
_OF_ITEMS = "write `items.all(one, CONDITION)`, or `exists`, `filter` and `map` in place of `all`"
_OF_TEXTS = "write `response.name.contains(TEXT)`, or `startsWith`, `endsWith`, `matches(REGEX)`"
_IMPLIES = "write `!IF || THEN` for a condition that holds only where another does, or `when` and `that`"
_NO_SIGN = "leave the `=` out: a condition is an expression already"
_CLOSED = "close the text with the quote that it begins with; write a backslash twice"
_MEANT_BY = {
    **dict.fromkeys(("=", "equals"), _EQUAL),
    "is": "write `== null`, or `!has(…)` where it may be missing; `!=` says the opposite",
    **dict.fromkeys(("some", "every", "forall", "exists"), _OF_ITEMS),
    **dict.fromkeys(("for", "lambda", "where", "select"), _OF_ITEMS),
    **dict.fromkeys(("=>", "->"), _IMPLIES),
    **dict.fromkeys(("matches", "contains", "startsWith", "endsWith"), _OF_TEXTS),
    "=~": _OF_TEXTS,
    ".?": "`has(response.total)` asks before whether a member is there",
    **dict.fromkeys(("[*", "@"), _OF_ITEMS),
    ":": "`response.items[-1]` is the last item; a part of a list is `items.filter(one, CONDITION)`",
    "??": "write `has(response.total) ? response.total : 0.0` for a member that may be missing",
    "..": "write two comparisons with `&&` between them",
    "{{": "leave the braces out: an expression reads `response.total` as it is",
    "/": 'write a regular expression as a text: `response.name.matches("[0-9]+")`',
    **dict.fromkeys(("| length", "| count"), "`size(…)` is the length of a text or a list"),
    **dict.fromkeys(("| map", "| all", "| any", "| select", "| add"), _OF_ITEMS),
    "like": _OF_TEXTS,
    "between": "write two comparisons with `&&` between them",
    "typeof": "leave it out: what type a member has, its schema says",
    ";": "write `&&` between two conditions, or two laws",
    "<>": "write `!=` for two values that differ",
    "**": "write a product: `a * a`",
    "f": "join texts with `+`",
    "`": "write texts in quotes, and join them with `+`",
    **dict.fromkeys(("&", "and"), _BOTH),
    **dict.fromkeys(("|", "or"), _EITHER),
    **dict.fromkeys(('"', "'"), _CLOSED),
    "$": "name the value from its beginning, such as `response.total` or `input.q`",
    "~": "`near(A, B, SLACK)` compares two numbers, and `response.name.matches(REGEX)` a text",
    ".": (
        "name what has the member, as in `response.total`; where it may be missing, `has(response.total)` "
        "asks before; of each item: `items.all(one, one.total > 0.0)`"
    ),
    "not": "write `!` before a condition that must not hold",
    "if": "write `CONDITION ? A : B`, or `!CONDITION || THEN`",
}
"""Advice on what to write in place of a character or a word of other languages."""


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
            where = describe_place(text, wrong)
            piped = re.match(r"\|\s*([a-z]+)", text[wrong : wrong + 20])
            meant = f"| {piped[1]}" if piped else text[wrong : wrong + 2]
            help = _MEANT_BY.get(meant, _MEANT_BY.get(text[wrong], FORMS))
            if _ARROW.search(text[max(0, wrong - 80) : wrong + 2]):
                help = _OF_ITEMS
            elif not found and text[wrong] == "=":
                help = _NO_SIGN
            raise ExpressionError(_describe(text[wrong]), wrong, wrong + 1, where, help=help)
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
