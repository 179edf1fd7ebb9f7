"""Read the size of an SVG, and find anything that it would load, without loading it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.parsers import expat

SVG = "http://www.w3.org/2000/svg"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.I | re.A)


class DrawingError(Exception):
    """A problem of the SVG. `code` is the end of the store's code; the text explains it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def read_drawing(raw: bytes) -> tuple[float, float]:
    """Return width and height, from the viewBox or else from the attributes. Raises DrawingError."""
    root, attributes = _read_root(raw)
    if root.rpartition(" ")[2] != "svg" or root.rpartition(" ")[0] not in ("", SVG):
        raise DrawingError("root_element_invalid", f"it is <{root.rpartition(' ')[2][:80]}>")
    box = attributes.get("viewBox")
    if box is not None:
        written = [part for part in re.split(r"[\s,]+", box.strip()) if part]
        if len(written) != 4:
            raise DrawingError("dimensions_not_numeric", f"viewBox is `{box[:80]}`")
        width, height = (_number(part, "viewBox") for part in written[2:])
    elif "width" in attributes and "height" in attributes:
        width, height = (_number(attributes[name], name) for name in ("width", "height"))
    else:
        raise DrawingError("dimensions_missing", "it has neither viewBox nor width and height")
    if not all(math.isfinite(side) and side > 0 for side in (width, height)):
        raise DrawingError("dimensions_not_positive", f"it is {width:g} by {height:g}")
    return width, height


_LOADING = ("href", "src", "data")
"""Attributes whose value is an address, without their namespace."""
_DRAWN = re.compile(r"#|data:image/(png|jpeg|gif|webp)[;,]", re.I)
"""Matches an address that loads nothing: a part of the file, or a picture contained in it."""
_CONTAINED = re.compile(
    r"url\(\s*(['\"]?)(?:#[\w.:-]*|data:image/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=]*)\1\s*\)", re.I | re.A
)
"""Matches an address that loads nothing, in a style. It may be megabytes long, so it is removed unread."""
_MAY_LOAD = re.compile(r"\\|@import|(?:url|src|image|image-set|expression)\(", re.I)
"""Matches a text that may load something in a style; other texts need not be read."""
MOST_STYLE = 100_000
"""Characters of styles that are read, which takes at most about a second."""
_LOADING_FUNCTIONS = ("url", "src", "image", "image-set", "-webkit-image-set")
_ACTIVE = ("script", "foreignobject", "iframe", "handler", "object", "embed")


def find_load(raw: bytes) -> str:
    """Return, in words, what an SVG would run or load from elsewhere; empty for one that only draws.

    Raises DrawingError for malformed XML.
    """
    found: list[str] = []
    sheets: list[str] = []
    styles: set[str] = set()

    def begin(name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2].lower()
        if tag in _ACTIVE:
            found.append(f"the element <{tag}>")
        if tag == "style":
            sheets.append("")
        for key, value in attributes.items():
            found.extend(_judge_attribute(key.rpartition(" ")[2].lower(), value))
        styles.update(attributes.values())

    def read(text: str) -> None:
        if sheets:
            sheets.append(text)

    def instruct(target: str, _: str) -> None:
        if target.lower() == "xml-stylesheet":
            found.append("a style sheet of its own file")

    def declare(_name: str, system: str | None, *_: object) -> None:
        if system is not None and not system.startswith("http://www.w3.org/"):
            found.append("a document type of its own file")

    parser = _make_parser()
    parser.StartElementHandler = begin
    parser.CharacterDataHandler = read
    parser.ProcessingInstructionHandler = instruct
    parser.StartDoctypeDeclHandler = declare
    _parse(parser, raw)
    found.extend(_judge_styles([*sorted(styles), "".join(sheets)]))
    return found[0] if found else ""


def _judge_attribute(key: str, value: str) -> Iterator[str]:
    plain = re.sub(r"[\x00-\x20]", "", value)
    if key.startswith("on"):
        yield f"the attribute `{key[:40]}`, which runs a script"
    elif plain.lower().startswith("javascript:"):
        yield f"a script in the attribute `{key[:40]}`"
    elif key in _LOADING and plain and not _DRAWN.match(plain):
        yield f"a link to `{value.strip()[:80]}`"


def _judge_styles(styles: Iterable[str]) -> Iterator[str]:
    """Yield, in words, each part of these styles that runs or loads something, as a browser reads it.

    A browser reads escapes too: `\\75 rl(` is `url(`.
    """
    short = (_CONTAINED.sub("none", style) for style in styles if _MAY_LOAD.search(style))
    texts = [text for text in short if _MAY_LOAD.search(text)]
    if sum(map(len, texts)) > MOST_STYLE:
        yield f"styles of more than {MOST_STYLE:,} characters, which are not read"
        return
    if not texts:
        return
    import tinycss2

    waiting = [token for text in texts for token in tinycss2.parse_component_value_list(text)]
    while waiting:
        token = waiting.pop()
        waiting.extend(getattr(token, "content", None) or getattr(token, "arguments", None) or ())
        if token.type == "at-keyword" and token.lower_value == "import":
            yield "a style that imports another one"
        elif token.type == "function" and token.lower_name == "expression":
            yield "a script in a style"
        for address in _list_addresses(token):
            if not _DRAWN.match(address):
                yield f"a link to `{address[:80]}`"


def _list_addresses(token: Any) -> list[str]:
    """Return the addresses that a part of a style names, without the empty ones."""
    found = [token.value] if token.type == "url" else []
    if token.type == "function" and token.lower_name in _LOADING_FUNCTIONS:
        found = [part.value for part in token.arguments if part.type == "string"]
    return [address for text in found if (address := str(text).strip())]


def _number(text: str, name: str) -> float:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise DrawingError("dimensions_not_numeric", f"{name} has `{text[:80]}`")
    return float(text)


def _read_root(raw: bytes) -> tuple[str, dict[str, str]]:
    """Return the first element's name, with its namespace before a blank, and its attributes."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = _make_parser()

    def begin(name: str, attributes: dict[str, str]) -> None:
        if not found:
            found.append((name, attributes))

    parser.StartElementHandler = begin
    _parse(parser, raw)
    return found[0]


def _make_parser() -> expat.XMLParserType:
    """Return a parser that writes a namespace before a name, and refuses entities."""

    def refuse(*_: object) -> None:
        raise DrawingError("xml_malformed", "it declares entities, which are not read")

    parser = expat.ParserCreate("UTF-8", " ")
    parser.EntityDeclHandler = refuse
    return parser


def _parse(parser: expat.XMLParserType, raw: bytes) -> None:
    try:
        raw.decode("utf-8-sig")
        parser.Parse(raw, True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise DrawingError("xml_malformed", str(error)) from None
