"""Make an app's icon: the author's own, or a PNG with one or two white letters.

The PNG has the same bytes on every system.
"""

from __future__ import annotations

import struct
import zlib

from pgagents.model.stores.listing import Listing

COLOUR = "#1F5FA8"
"""The background colour of an icon if the catalogue names none."""
WIDE, HIGH = 5, 7
# a letter is seven rows of five dots
_GLYPHS = {
    "A": "01110 10001 10001 11111 10001 10001 10001", "B": "11110 10001 10001 11110 10001 10001 11110",
    "C": "01110 10001 10000 10000 10000 10001 01110", "D": "11110 10001 10001 10001 10001 10001 11110",
    "E": "11111 10000 10000 11110 10000 10000 11111", "F": "11111 10000 10000 11110 10000 10000 10000",
    "G": "01110 10001 10000 10111 10001 10001 01110", "H": "10001 10001 10001 11111 10001 10001 10001",
    "I": "01110 00100 00100 00100 00100 00100 01110", "J": "00111 00010 00010 00010 00010 10010 01100",
    "K": "10001 10010 10100 11000 10100 10010 10001", "L": "10000 10000 10000 10000 10000 10000 11111",
    "M": "10001 11011 10101 10101 10001 10001 10001", "N": "10001 11001 10101 10011 10001 10001 10001",
    "O": "01110 10001 10001 10001 10001 10001 01110", "P": "11110 10001 10001 11110 10000 10000 10000",
    "Q": "01110 10001 10001 10001 10101 10010 01101", "R": "11110 10001 10001 11110 10100 10010 10001",
    "S": "01111 10000 10000 01110 00001 00001 11110", "T": "11111 00100 00100 00100 00100 00100 00100",
    "U": "10001 10001 10001 10001 10001 10001 01110", "V": "10001 10001 10001 10001 10001 01010 00100",
    "W": "10001 10001 10001 10101 10101 11011 10001", "X": "10001 10001 01010 00100 01010 10001 10001",
    "Y": "10001 10001 01010 00100 00100 00100 00100", "Z": "11111 00001 00010 00100 01000 10000 11111",
}  # fmt: skip
WHITE = b"\xff\xff\xff"


def choose(listing: Listing, side: int) -> bytes:
    """Return the author's icon; without one, a PNG of `side` pixels with the initials of the name."""
    if listing.icon is not None:
        return listing.icon.raw
    return png(initials(listing.name), side, str(listing.colour) or COLOUR)


def initials(name: str) -> str:
    """Return the initials of a name's first two words that begin with a letter from A to Z; `O` if no word
    does.
    """
    found = [word[0].upper() for word in name.split() if word[0].upper() in _GLYPHS]
    return "".join(found[:2]) or "O"


def png(letters: str, side: int, background: str | None) -> bytes:
    """Draw white letters on a square of `side` pixels, which must be a multiple of 8.

    `background` is a colour such as `#1F5FA8`; None means transparent.
    """
    dots = len(letters) * (WIDE + 1) - 1
    scale = max(1, side * 3 // (5 * max(dots, HIGH)))
    left, top = (side - dots * scale) // 2, (side - HIGH * scale) // 2
    rows = [_row(letters, (y - top) // scale, left, scale, side) for y in range(side)]
    header = struct.pack(
        ">IIBBBBB", side, side, 1, 3, 0, 0, 0
    )  # one bit per pixel, with a palette of two colours
    palette = (bytes.fromhex(background[1:]) if background else WHITE) + WHITE
    clear = b"" if background else _chunk(b"tRNS", b"\0")
    # stored without compression, because zlib versions compress the same pixels to different bytes
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 0)
    parts = [
        _chunk(b"IHDR", header),
        _chunk(b"PLTE", palette),
        clear,
        _chunk(b"IDAT", data),
        _chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _row(letters: str, line: int, left: int, scale: int, side: int) -> bytes:
    """Return the bytes of one line of pixels, eight pixels a byte. `line` is the row of dots to draw."""
    pixels = ["0"] * side
    for index, letter in enumerate(letters if 0 <= line < HIGH else ""):
        for column, dot in enumerate(_GLYPHS[letter].split()[line]):
            start = left + (index * (WIDE + 1) + column) * scale
            pixels[start : start + scale] = [dot] * scale
    return int("".join(pixels), 2).to_bytes(side // 8, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
