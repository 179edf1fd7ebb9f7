"""Recognise a picture by its first bytes, and read its size.

Sources: PNG, ISO/IEC 15948; JPEG, ITU-T T.81 annex B; WebP, RFC 9649.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

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
    raise PictureError("it is no PNG, JPEG or WebP")


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
