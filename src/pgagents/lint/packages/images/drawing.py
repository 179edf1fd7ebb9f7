"""Read the size of an SVG without loading anything that it names."""

from __future__ import annotations

import math
import re
from xml.parsers import expat

SVG = "http://www.w3.org/2000/svg"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.I | re.A)


class DrawingError(Exception):
    """A fault of the SVG: `code` is the end of the store's code, the text says more."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def read_drawing(raw: bytes) -> tuple[float, float]:
    """Return width and height: those of the viewBox, else of the attributes. Raises DrawingError."""
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


def _number(text: str, name: str) -> float:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise DrawingError("dimensions_not_numeric", f"{name} has `{text[:80]}`")
    return float(text)


def _read_root(raw: bytes) -> tuple[str, dict[str, str]]:
    """Return the first element's name, with its namespace before a blank, and its attributes."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate("UTF-8", " ")

    def begin(name: str, attributes: dict[str, str]) -> None:
        if not found:
            found.append((name, attributes))

    def refuse(*_: object) -> None:
        raise DrawingError("xml_malformed", "it declares entities, which are not read")

    parser.StartElementHandler = begin
    parser.EntityDeclHandler = refuse
    try:
        raw.decode("utf-8-sig")
        parser.Parse(raw, True)
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise DrawingError("xml_malformed", str(error)) from None
    return found[0]
