"""Read the Markdown of a SKILL.md: words in code, lists, tables, fences and links, each with its line.

Nothing here knows a server, and nothing of a text is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

MOST_CHARACTERS = 256 << 10
"""Most characters of a SKILL.md, OpenAI's limit for importing one."""
MOST_PIECES = 20_000
"""Most pieces of text that are kept of one file."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a paragraph: words in code, or the text between them."""

    text: str
    code: bool
    line: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, a heading, the text of a list's item, or a row of a table, with the heading above it."""

    pieces: tuple[Piece, ...]
    line: int
    heading: str = ""

    @property
    def plain(self) -> str:
        """The text without marks."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list: its text, and the items of lists inside. `number` is None in a list of bullets."""

    passage: Passage
    number: int | None
    items: tuple[Item, ...]

    def list_all(self) -> Iterator[Item]:
        """Yield the item and all below it."""
        yield self
        for inner in self.items:
            yield from inner.list_all()


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: the pieces of each cell."""

    cells: tuple[tuple[Piece, ...], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of code. `line` is that of its first line of code."""

    language: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link or a picture, by its target as it stands there."""

    target: str
    line: int


@dataclass(frozen=True, slots=True)
class Page:
    """The parts of one text. `passages` has all paragraphs, those of lists and tables too."""

    passages: tuple[Passage, ...]
    lists: tuple[tuple[Item, ...], ...]
    tables: tuple[tuple[Row, ...], ...]
    fences: tuple[Fence, ...]
    links: tuple[Link, ...]


def read_page(text: str, first: int = 1) -> Page:
    """Return the parts of a Markdown text whose first line has the number `first`."""
    # imported late, because only this command reads Markdown
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    reader = _Reader(first)
    reader.read(SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text[:MOST_CHARACTERS])))
    return Page(
        tuple(reader.passages),
        tuple(reader.lists),
        tuple(reader.tables),
        tuple(reader.fences),
        tuple(reader.links),
    )


class _Reader:
    """Collects the parts of a tree. The parser bounds the depth of the tree."""

    def __init__(self, first: int) -> None:
        self._first, self._heading, self._left = first, "", MOST_PIECES
        self.passages: list[Passage] = []
        self.lists: list[tuple[Item, ...]] = []
        self.tables: list[tuple[Row, ...]] = []
        self.fences: list[Fence] = []
        self.links: list[Link] = []

    def read(self, node: SyntaxTreeNode) -> None:
        """Read a node that is in no list."""
        for child in node.children:
            if child.type in ("bullet_list", "ordered_list"):
                self.lists.append(self._read_list(child))
            else:
                self._read_block(child)

    def _read_block(self, node: SyntaxTreeNode) -> Passage | None:
        """Read a block that is not a list; return its passage if it is a paragraph."""
        if node.type in ("fence", "code_block"):
            line = self._first + (node.map[0] if node.map else 0) + (node.type == "fence")
            language = node.info.split()[0].lower() if node.info.split() else ""
            self.fences.append(Fence(language, node.content, line))
        elif node.type == "table":
            self.tables.append(tuple(self._read_row(row) for part in node.children for row in part.children))
        elif node.type == "heading":
            passage = self._read_passage(node)
            self._heading = passage.plain
        elif node.type == "paragraph":
            return self._read_passage(node)
        elif node.children:
            self.read(node)
        return None

    def _read_list(self, node: SyntaxTreeNode) -> tuple[Item, ...]:
        start = node.attrs.get("start", 1) if node.type == "ordered_list" else None
        number = int(start) if start is not None else None
        items = []
        for entry in node.children:
            items.append(self._read_item(entry, number))
            number = None if number is None else number + 1
        return tuple(items)

    def _read_item(self, node: SyntaxTreeNode, number: int | None) -> Item:
        line = self._first + (node.map[0] if node.map else 0)
        first, inner = Passage((), line, self._heading), list[Item]()
        for child in node.children:
            if child.type in ("bullet_list", "ordered_list"):
                inner += self._read_list(child)
            else:
                passage = self._read_block(child)
                if passage is not None and not first.pieces:
                    first = passage
        return Item(first, number, tuple(inner))

    def _read_row(self, node: SyntaxTreeNode) -> Row:
        line = self._first + (node.map[0] if node.map else 0)
        cells = tuple(self._read_passage(cell, line).pieces for cell in node.children)
        return Row(cells, line)

    def _read_passage(self, node: SyntaxTreeNode, line: int = 0) -> Passage:
        line = line or self._first + (node.map[0] if node.map else 0)
        pieces: list[Piece] = []
        for child in node.children:
            if child.type == "inline":
                self._read_inline(child.children, line, pieces)
        passage = Passage(tuple(pieces[: max(self._left, 0)]), line, self._heading)
        self._left -= len(pieces)
        self.passages.append(passage)
        return passage

    def _read_inline(self, nodes: Sequence[SyntaxTreeNode], line: int, pieces: list[Piece]) -> int:
        """Append the pieces of an inline text; return the line at its end."""
        for node in nodes:
            if node.type in ("softbreak", "hardbreak"):
                line += 1
                _append(pieces, "\n", line)
            elif node.type == "code_inline":
                pieces.append(Piece(node.content.strip(), True, line))
            elif node.type == "text":
                _append(pieces, node.content, line)
            elif node.type != "html_inline":
                target = node.attrs.get("href") or node.attrs.get("src")
                if target:
                    self.links.append(Link(str(target), line))
                line = self._read_inline(node.children, line, pieces)
        return line


def _append(pieces: list[Piece], text: str, line: int) -> None:
    """Append a text to the pieces, to the last one if that is text too."""
    if pieces and not pieces[-1].code:
        pieces[-1] = Piece(pieces[-1].text + text, False, pieces[-1].line)
    else:
        pieces.append(Piece(text, False, line))


# -- calls that stand in code


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call as a text writes it: the name, and the arguments that it names.

    `arguments` has the values that are JSON; the value of any other argument is `OPEN`. `whole` is true if
    the text leaves nothing out.
    """

    name: str
    arguments: Mapping[str, Any]
    whole: bool
    line: int


OPEN: Any = object()
"""Stands for the value of an argument that a text does not give, such as `<id>`."""
NAME = re.compile(r"[A-Za-z_][\w.\-]*")
_CALL = re.compile(r"([A-Za-z_][\w.\-]*)\s*(\(.*\)|\{.*\})\s*;?", re.S)
_PAIR = re.compile(r"""\s*["']?([A-Za-z_][\w\-]*)["']?\s*[:=](?!=)\s*(.*)""", re.S)
_ELLIPSIS = re.compile(r"\.\.\.|…")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
MOST_ARGUMENTS = 40


def read_call(text: str, line: int) -> WrittenCall | None:
    """Return the call that a piece of code is, such as `list_titles(q="emma")`; None if it is none."""
    match = _CALL.fullmatch(text.strip())
    if match is None:
        return None
    inside = match[2][1:-1].strip()
    if inside[:1] == "{" and inside[-1:] == "}":
        inside = inside[1:-1]
    parts = split_top(inside)
    if parts is None or len(parts) > MOST_ARGUMENTS:
        return None
    arguments: dict[str, Any] = {}
    whole = True
    for part in parts:
        pair = _PAIR.fullmatch(part)
        if pair is not None:
            arguments[pair[1]] = read_value(pair[2])
        else:  # an ellipsis, or a value without its name
            whole = False
    return WrittenCall(match[1], arguments, whole, line)


def split_top(text: str) -> list[str] | None:
    """Return the parts between the commas that are in no brackets and no quotes; None if these do not
    close.
    """
    parts, last, waiting, quote = list[str](), 0, list[str](), ""
    for at, letter in enumerate(text):
        if quote:
            if letter == quote and text[at - 1] != "\\":
                quote = ""
        elif letter in "\"'" and not (letter == "'" and at and text[at - 1].isalnum()):
            quote = letter
        elif letter in _CLOSING:
            waiting.append(_CLOSING[letter])
        elif waiting and letter == waiting[-1]:
            waiting.pop()
        elif letter == "," and not waiting:
            parts.append(text[last:at])
            last = at + 1
    if waiting or quote:
        return None
    return [part for part in (*parts, text[last:]) if part.strip()]


def read_value(text: str) -> Any:
    """Return the JSON value that a text writes, or `OPEN`."""
    import json

    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "'" and "'" not in text[1:-1] and '"' not in text:
        text = f'"{text[1:-1]}"'
    text = {"True": "true", "False": "false", "None": "null"}.get(text, text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return OPEN
    return OPEN if isinstance(value, str) and is_placeholder(value) else value


def is_placeholder(text: str) -> bool:
    """True for a text that stands for another one: `<id>`, `$ID`, `{id}`, `YOUR_KEY`, `...`."""
    return (
        not text
        or text[0] in "<$"
        or (text[0] in "{[" and text[-1] in "}]")
        or bool(_ELLIPSIS.search(text))
        or text.upper().startswith(("YOUR", "MY_"))
    )


# -- requests that stand in code


@dataclass(frozen=True, slots=True)
class WrittenRequest:
    """An HTTP request as a text writes it. `host` is empty for a path alone."""

    method: str
    host: str
    path: str
    line: int


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_REQUEST = re.compile(rf"({'|'.join(METHODS)})\s+(\S+)(?:\s+HTTP/\d\S*)?")
_BASE = re.compile(r"(?:\$\{?\w+\}?|<[^>/]+>|\{\{?[\w.]+\}?\})(?=/)")
"""A base address that a variable or a placeholder stands for."""
_URL = re.compile(r"https?://([^/?#\s]+)([^?#\s]*)", re.I)
_DATA = re.compile(r"(?:-d|-F|--data\S*|--json|--form\S*)(?:\s|=|$)")
_METHOD = re.compile(rf"(?:-X|--request)[\s=]*['\"]?({'|'.join(METHODS)})\b")


def read_request(text: str, line: int) -> WrittenRequest | None:
    """Return the request that a line of code is: `GET /titles`, or a `curl` command; None if it is none."""
    text = text.strip().removeprefix("$ ").strip()
    if text.startswith("curl ") or " curl " in f" {text.split('|')[0]}"[:40]:
        return _read_curl(text, line)
    match = _REQUEST.fullmatch(text)
    return _locate(match[1], match[2], line) if match is not None else None


def _read_curl(text: str, line: int) -> WrittenRequest | None:
    named = _METHOD.search(text)
    method = named[1] if named else "POST" if _DATA.search(text) else "GET"
    for word in re.split(r"[\s]+", text):
        word = word.strip("'\"")
        if _URL.match(word) or (_BASE.match(word) and "/" in word):
            return _locate(method, word, line)
    return None


def _locate(method: str, address: str, line: int) -> WrittenRequest | None:
    url = _URL.match(address)
    if url is not None:
        return WrittenRequest(method, url[1].lower(), url[2] or "/", line)
    path = _BASE.sub("", address, count=1) if not address.startswith("/") else address
    path = path.partition("?")[0].partition("#")[0]
    return WrittenRequest(method, "", path, line) if path.startswith("/") else None


def list_lines(fence: Fence) -> Iterator[tuple[str, int]]:
    """Yield the logical lines of a block of code, those that a backslash joins as one."""
    held, begun = "", 0
    for number, line in enumerate(fence.text.splitlines()):
        begun = begun if held else fence.line + number
        if line.rstrip().endswith("\\"):
            held += line.rstrip()[:-1] + " "
            continue
        yield held + line, begun
        held = ""
    if held:
        yield held, begun


# -- forms of lists and tables


def list_orders(items: tuple[Item, ...]) -> Iterator[tuple[Item, ...]]:
    """Yield the numbered lists among these items and below them."""
    if items and items[0].number is not None:
        yield items
    for item in items:
        yield from list_orders(item.items)


def find_head(item: Item) -> Piece | None:
    """Return the word in code with which an item begins, if a colon, a dash or its end follows."""
    pieces = [piece for piece in item.passage.pieces if piece.code or piece.text.strip(" *_\n")]
    if not pieces or not pieces[0].code or not NAME.fullmatch(pieces[0].text):
        return None
    ends = len(pieces) == 1 or re.match(r"\s*\**\s*(?:[:：=(–—-]|\Z)", pieces[1].text)
    return pieces[0] if ends else None


def read_kept(item: Item) -> tuple[str, str] | None:
    """Return the name and the expression of a value that a step keeps: Keep `lot`: `response.lots[0]`."""
    coded = [piece.text for piece in item.passage.pieces if piece.code]
    if len(coded) == 2 and NAME.fullmatch(coded[0]) and coded[1].startswith("response"):
        return coded[0], coded[1]
    return None


def read_status_beside(piece: Piece, before: str, after: str) -> tuple[Piece, int] | None:
    """Return the code and the status that stand side by side: 409/`x`, `409 x`, `x` (409)."""
    both = re.fullmatch(r"([45]\d\d)[\s/:-]+(\S+)|(\S+)\s*\(([45]\d\d)\)", piece.text)
    if both is not None:
        return Piece(both[2] or both[3], True, piece.line), int(both[1] or both[4])
    match = re.search(r"\b([45]\d\d)\s*[/ (:–—-]{0,3}\Z", before)
    match = match or re.match(r"\s*[/(]?\s*(?:HTTP )?([45]\d\d)\b", after)
    return (piece, int(match[1])) if match is not None else None


def read_error_row(row: Row) -> tuple[Piece, int] | None:
    """Return the code and the status of a row of a table of errors."""
    plain = ["".join(piece.text for piece in cell).strip() for cell in row.cells]
    statuses = [int(text) for text in plain if re.fullmatch(r"[45]\d\d", text)]
    codes = [cell[0] for cell in row.cells if len(cell) == 1 and cell[0].code]
    codes = [piece for piece in codes if not re.fullmatch(r"\d+", piece.text)]
    return (codes[0], statuses[0]) if len(statuses) == 1 and codes else None
