"""Judge a listing's icon by the limits of its store, with the store's own codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgagents.catalogue.checks.listings.icon_file import MOST_BYTES
from pgagents.catalogue.checks.listings.listing import Excess
from pgagents.decoding.images.drawing import DrawingError, find_load, read_drawing
from pgagents.decoding.images.picture import SUFFIXES, PictureError, read_picture
from pgagents.model.stores.listing import Icon
from pgagents.text.brief import brief


@dataclass(frozen=True, slots=True)
class IconLimits:
    """A store's limits for icons: file name endings, pixels of a side, bytes, and its codes.

    The keys of `codes` are `missing`, `no_file`, `outside`, `unreadable`, `format`, `bytes`, `content`,
    `mismatch`, `small`, `large`, `square` and `loads`. Codes of drawings begin with `drawing`.
    """

    suffixes: tuple[str, ...]
    least: int
    most: int
    bytes: int
    codes: Mapping[str, str]
    drawing: str = ""
    other: str = "icon"
    """The code of a problem without its own entry in `codes`."""


_PROBLEMS = {
    "outside": ("leads out of the catalogue's folder", "write a path below it, such as `assets/icon.png`"),
    "missing": ("is not there", "save the icon there; the path begins at the catalogue's folder"),
    "no_file": ("is no file", "name the file of the icon"),
    "unreadable": ("cannot be read", "is it a file that you may read?"),
}


def judge_icon(icon: Icon | None, limits: IconLimits) -> Iterator[Excess]:
    """Yield the first reason why a store refuses an icon."""
    if icon is None:
        return
    found = _find(icon, limits)
    if found is not None:
        key, says, help = found
        drawn = bool(limits.drawing) and key.startswith(limits.drawing)
        code = key if drawn else limits.codes.get(key, limits.other)
        yield Excess(icon.path.origin, code, f"the icon `{brief(icon.path)}` {says}", help)


def _find(icon: Icon, limits: IconLimits) -> tuple[str, str, str] | None:
    """Return the key of the code, the message and advice; None for an acceptable icon."""
    if icon.problem:
        return (icon.problem, *_PROBLEMS[icon.problem])
    if icon.suffix not in limits.suffixes:
        taken = ", ".join(limits.suffixes)
        shown = f"ends in `{brief(icon.suffix)}`" if icon.suffix else "has no ending"
        return "format", f"{shown}, and the store takes {taken}", f"save it as {limits.suffixes[0]}"
    if icon.large or len(icon.raw) > limits.bytes:
        count = f"more than {MOST_BYTES:,}" if icon.large else f"{len(icon.raw):,}"
        return "bytes", f"has {count} bytes, and the store takes at most {limits.bytes:,}", "save it smaller"
    return _find_in_drawing(icon, limits) if icon.suffix == ".svg" else _find_in_picture(icon, limits)


def _find_in_picture(icon: Icon, limits: IconLimits) -> tuple[str, str, str] | None:
    try:
        picture = read_picture(icon.raw)
    except PictureError as error:
        return "content", f"cannot be decoded: {error}", "save it anew"
    if picture.format != SUFFIXES[icon.suffix]:
        return "mismatch", f"is {picture.format}, other than its name says", "give the name its own ending"
    return _find_in_size(picture.width, picture.height, limits)


def _find_in_size(width: int, height: int, limits: IconLimits) -> tuple[str, str, str] | None:
    shown = f"is {width:,} by {height:,} pixels"
    help = f"save it as a square of {max(limits.least, 512):,} pixels"
    if min(width, height) < limits.least:
        return "small", f"{shown}, and the store takes at least {limits.least:,} by {limits.least:,}", help
    if max(width, height) > limits.most:
        return "large", f"{shown}, and the store takes at most {limits.most:,} by {limits.most:,}", help
    if width != height:
        return "square", f"{shown}, and the store takes a square", help
    return None


def _find_in_drawing(icon: Icon, limits: IconLimits) -> tuple[str, str, str] | None:
    before = limits.drawing
    try:
        width, height = read_drawing(icon.raw)
        loads = find_load(icon.raw)
    except DrawingError as error:
        return before + error.code, f"is no drawing that the store takes: {error}", "save it anew"
    if loads:
        return "loads", f"has {loads}", "draw it in the file itself, without scripts and links"
    if round(width) != round(height):
        return f"{before}dimensions_not_square", f"is {width:g} by {height:g}", "make its viewBox square"
    if width < limits.least:
        says = f"is {width:g} by {height:g}, and the store takes at least {limits.least}"
        return f"{before}dimensions_too_small", says, "make its viewBox larger"
    return None
