"""Check files named in the listing: their paths, and the pictures in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from pgagents.decoding.images.drawing import DrawingError, read_drawing
from pgagents.decoding.images.picture import SUFFIXES, PictureError, read_picture
from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.portal.manifest import Manifest
from pgagents.lint.packages.portal.servers import list_servers
from pgagents.lint.packages.table import table
from pgagents.source.source import Pointer

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")


def check_assets(package: Package, manifest: Manifest) -> Iterator[Hit]:
    """Yield the findings about icons and screenshots."""
    interface, place = manifest.interface, manifest.listing[1]
    values = table("openai_portal").values
    for member, code in (
        ("logo", "plugin_logo_path_missing"),
        ("composerIcon", "plugin_composer_icon_path_missing"),
    ):
        if member not in interface and isinstance(manifest.listing[0], dict):
            yield Hit(code, manifest.file, place, severity=_severity(manifest, interface))
    for member in values["images"]:
        if member in interface:
            at = (*place, member)
            bad, path = check_path(package, interface[member], manifest.file, at)
            yield from bad
            if path:
                yield from _check_image(package, path)
    yield from _check_screenshots(package, manifest, values["screenshot"])


def _severity(manifest: Manifest, interface: dict[str, Any]) -> Any:
    """A portable package with one of the two icons passes; both are better."""
    one = "logo" in interface or "composerIcon" in interface
    return "warning" if manifest.portable and one else None


def check_path(package: Package, value: Any, file: str, at: Pointer) -> tuple[list[Hit], str]:
    """Return the findings about a path, and the file's path from the root; empty if it is no file."""
    code, detail = _judge_path(package, value)
    if code:
        return [Hit(code, file, at, detail)], ""
    return [], str(PurePosixPath(value))


def _judge_path(package: Package, value: Any) -> tuple[str, str]:
    if not isinstance(value, str):
        return "declared_asset_path_wrong_type", ""
    if not value:
        return "declared_asset_path_empty", ""
    if _CONTROL.search(value):
        return "declared_asset_path_has_control_character", ""
    if value != value.strip():
        return "declared_asset_path_has_outer_whitespace", ""
    shown = f"it is `{value[:120]}`"
    if _is_absolute(value) or ".." in re.split(r"[/\\]", value):
        return "declared_asset_path_unsafe", shown
    if not value.startswith("./"):
        return "branding_asset_path_missing_root_prefix", shown
    return _judge_file(package, str(PurePosixPath(value)), shown)


def _is_absolute(value: str) -> bool:
    return value.startswith(("/", "\\")) or bool(_DRIVE.match(value))


def _judge_file(package: Package, path: str, shown: str) -> tuple[str, str]:
    parents = [str(parent) for parent in PurePosixPath(path).parents][:-1]
    if any(package.tree.kind(parent) == "link" for parent in parents):
        return "declared_asset_path_outside_package", shown
    kind = "folder" if path == "." else package.tree.kind(path)
    if kind is None:
        return "declared_asset_file_missing", shown
    return ("declared_asset_not_regular_file", shown) if kind != "file" else ("", "")


def check_skill_icon(package: Package, value: str, file: str, at: Pointer, skill: str) -> Iterator[Hit]:
    """Yield the findings about an icon's path in agents/openai.yaml, which starts from the skill's folder.

    Published plugins name icons of the whole plugin by `../../assets/`, so `..` is followed in the package.
    """
    shown = f"it is `{value[:120]}`"
    code, detail = ("declared_asset_path_unsafe", shown) if _is_absolute(value) else ("", "")
    path = os.path.normpath(f"{skill}/{value}").replace(os.sep, "/")
    if not code and (path == ".." or path.startswith("../")):
        code, detail = "declared_asset_path_outside_package", shown
    if not code:
        code, detail = _judge_file(package, path, shown)
    if code:
        yield Hit(code, file, at, detail)


def _check_image(package: Package, path: str) -> Iterator[Hit]:
    """Yield the findings about an icon: its name, its size in bytes, then its picture."""
    values = table("openai_portal").values
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in SUFFIXES:
        yield Hit("image_file_format_unsupported", path, detail=f"it ends in `{suffix[:20]}`")
        return
    entry, most = package.tree.files[path], values["most_bytes_of_image"]
    if entry.size > most:
        yield Hit("image_file_too_large", path, detail=f"it has {entry.size:,} bytes")
        return
    try:
        raw = entry.read(most)
    except OSError as error:
        yield Hit("image_file_unreadable", path, detail=error.strerror or "")
        return
    if suffix == ".svg":
        yield from _check_drawing(raw, path, values["least_side"])
    else:
        yield from _check_picture(raw, path, SUFFIXES[suffix], values)


def _check_picture(raw: bytes, path: str, format: str, values: Any) -> Iterator[Hit]:
    try:
        picture = read_picture(raw)
    except PictureError as error:
        yield Hit("raster_image_decode_failed", path, detail=str(error))
        return
    size = f"it is {picture.width:,} by {picture.height:,}"
    if picture.format != format:
        yield Hit("raster_image_extension_content_mismatch", path, detail=f"it is {picture.format}")
    elif min(picture.width, picture.height) < values["least_side"]:
        yield Hit("raster_image_dimensions_too_small", path, detail=size)
    elif max(picture.width, picture.height) > values["most_side"]:
        yield Hit("raster_image_dimensions_too_large", path, detail=size)
    elif picture.width != picture.height:
        yield Hit("raster_image_not_square", path, detail=size)


def _check_drawing(raw: bytes, path: str, least: int) -> Iterator[Hit]:
    try:
        width, height = read_drawing(raw)
    except DrawingError as error:
        yield Hit(f"svg_{error.code}", path, detail=str(error))
        return
    size = f"it is {width:g} by {height:g}"
    if round(width) != round(height):
        yield Hit("svg_dimensions_not_square", path, detail=size)
    elif width < least:
        yield Hit("svg_dimensions_too_small", path, detail=size)


def _check_screenshots(package: Package, manifest: Manifest, wanted: dict[str, int]) -> Iterator[Hit]:
    """Yield the findings about screenshots. A package without a server has its own code for them."""
    shots = manifest.interface.get("screenshots")
    if not isinstance(shots, list) or not shots or not list_servers(package, manifest):
        return
    place = (*manifest.listing[1], "screenshots")
    yield Hit("screenshots_not_allowed", manifest.file, place, detail="a tool with UI is not seen here")
    prompts = manifest.interface.get("defaultPrompt")
    count = len(prompts) if isinstance(prompts, list) else 1 if prompts else 0
    if len(shots) != count:
        detail = f"there are {len(shots)} for {count} starter prompts"
        yield Hit("rule-screenshot", manifest.file, place, detail)
    for n, shot in enumerate(shots[:20]):
        bad, path = check_path(package, shot, manifest.file, (*place, n))
        yield from bad
        if path:
            yield from _check_screenshot(package, path, wanted)


def _check_screenshot(package: Package, path: str, wanted: dict[str, int]) -> Iterator[Hit]:
    entry = package.tree.files[path]
    try:
        picture = read_picture(entry.read(20_000_000))
    except (OSError, PictureError) as error:
        yield Hit("rule-screenshot", path, detail=str(error))
        return
    fits = (
        picture.width == wanted["width"]
        and wanted["least_height"] <= picture.height <= wanted["most_height"]
        and picture.format in ("png", "jpeg")
    )
    if not fits:
        detail = f"it is {picture.format}, {picture.width:,} by {picture.height:,}"
        yield Hit("rule-screenshot", path, detail=detail)
