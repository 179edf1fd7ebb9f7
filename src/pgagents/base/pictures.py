"""Recognise pictures by their bytes, and read their sizes; find what an SVG would load, without loading
it.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

SUFFIXES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".svg": "svg"}
"""File name endings of pictures for stores, each with its format."""
_PNG = b"\x89PNG\r\n\x1a\n"
_DEPTHS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Number of samples in a pixel, by a PNG's colour type."""
_MAX_UNPACKED = 160_000_000
"""Most bytes that are unpacked from a PNG: 4,096 by 4,096 pixels of 64 bits, and a little more."""
_NO_SIZE = (0x01, *range(0xD0, 0xD9))
"""JPEG markers without a length."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers of a frame, which contains the size."""


class PictureError(Exception):
    """The content is not a picture that can be decoded. The text says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A raster picture. `format` is `png`, `jpeg` or `webp`; width and height are in pixels."""

    format: str
    width: int
    height: int


def read_picture(raw: bytes) -> Picture:
    """Return the format and size of a raster picture. Raises PictureError for anything else."""
    try:
        if raw.startswith(_PNG):
            return _read_png(raw)
        if raw.startswith(b"\xff\xd8"):
            return _read_jpeg(raw)
        if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
            return _read_webp(raw)
    except (struct.error, IndexError):
        raise PictureError("the file ends too early") from None
    raise PictureError("it is not a PNG, JPEG or WebP")


def _read_png(raw: bytes) -> Picture:
    """Read every chunk, compare its checksum, and unpack the picture to its whole length."""
    at, width, height, expected, unpacked = len(_PNG), 0, 0, 0, 0
    unpacker = zlib.decompressobj()
    while True:
        size, kind = struct.unpack_from(">L4s", raw, at)
        body = raw[at + 8 : at + 8 + size]
        (checksum,) = struct.unpack_from(">L", raw, at + 8 + size)
        if zlib.crc32(kind + body) != checksum:
            raise PictureError(f"the checksum of chunk {kind!r} is wrong")
        if kind == b"IHDR":
            width, height, expected = _read_png_header(body)
        elif not expected:
            raise PictureError("it does not begin with its header")
        elif kind == b"IDAT":
            unpacked += _unpack(unpacker, body, _MAX_UNPACKED - unpacked)
        elif kind == b"IEND":
            break
        at += 12 + size
    if unpacked < expected:
        raise PictureError("a part of the picture is not there")
    return Picture("png", width, height)


def _read_png_header(body: bytes) -> tuple[int, int, int]:
    """Return width, height, and the least number of bytes of the unpacked picture."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">LLBBBBB", body)
    if not width or not height or colour not in _DEPTHS or depth not in (1, 2, 4, 8, 16):
        raise PictureError("its header is wrong")
    line = (width * depth * _DEPTHS[colour] + 7) // 8
    expected = line * height if interlaced else (line + 1) * height
    return width, height, max(1, min(expected, _MAX_UNPACKED))


def _unpack(unpacker: zlib._Decompress, body: bytes, room: int) -> int:
    """Return the number of bytes that a part unpacks to, at most `room`.

    The bytes are dropped piece by piece.
    """
    count, rest = 0, body
    try:
        while rest and count < room:
            piece = unpacker.decompress(rest, 1 << 20)
            count += len(piece)
            rest = unpacker.unconsumed_tail
            if not piece and not rest:
                break
    except zlib.error:
        raise PictureError("the picture cannot be unpacked") from None
    return count


def _read_jpeg(raw: bytes) -> Picture:
    at, found = 2, None
    while True:
        if raw[at] != 0xFF:
            raise PictureError("a marker is not where it must be")
        while raw[at] == 0xFF:
            at += 1
        marker = raw[at]
        at += 1
        if marker == 0xD9:
            break
        if marker in _NO_SIZE:
            continue
        (size,) = struct.unpack_from(">H", raw, at)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", raw, at + 3)
            found = Picture("jpeg", width, height)
        at += size
        if marker == 0xDA:
            break
    if found is None or not found.width or not found.height:
        raise PictureError("it has no size")
    if raw.find(b"\xff\xd9", at) < 0:
        raise PictureError("the file ends too early")
    return found


def _read_webp(raw: bytes) -> Picture:
    kind = raw[12:16]
    (size,) = struct.unpack_from("<L", raw, 4)
    if size + 8 > len(raw):
        raise PictureError("the file ends too early")
    if kind == b"VP8X":
        width = int.from_bytes(raw[24:27], "little") + 1
        height = int.from_bytes(raw[27:30], "little") + 1
    elif kind == b"VP8L":
        if raw[20] != 0x2F:
            raise PictureError("its header is wrong")
        (bits,) = struct.unpack_from("<L", raw, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        if raw[23:26] != b"\x9d\x01\x2a":
            raise PictureError("its header is wrong")
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", raw, 26))
    else:
        raise PictureError("its header is wrong")
    if not width or not height:
        raise PictureError("it has no size")
    return Picture("webp", width, height)


# -- SVG


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
