"""Check the skills of a package, and their agents/openai.yaml."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from pgagents.lint.packages import fields
from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.portal.assets import check_skill_icon
from pgagents.lint.packages.table import table
from pgagents.lint.packages.texts import Skill, TextError

_BROKEN = {
    "unreadable": "skill_manifest_unreadable",
    "utf8": "skill_manifest_invalid_utf8",
    "yaml": "skill_frontmatter_yaml_malformed",
    "front": "skill_frontmatter_missing",
    "unclosed": "skill_frontmatter_unclosed",
}
_BROKEN_AGENT = {
    "unreadable": "skill_agent_unreadable",
    "utf8": "skill_agent_invalid_utf8",
    "yaml": "skill_agent_yaml_malformed",
}
_INTERFACE = (
    "interface",
    "display_name",
    "short_description",
    "icon_small",
    "icon_large",
    "brand_color",
    "default_prompt",
)


def check_skills(package: Package, plugin: Any) -> Iterator[Hit]:
    """Yield the findings about every skill. `plugin` is the plugin's name as the manifest has it."""
    tree = package.tree
    if tree.kind("skills") != "folder":
        return
    names: dict[str, str] = {}
    for name in tree.names("skills"):
        path = f"skills/{name}"
        if tree.kind(path) == "file":
            yield Hit("skill_file_ignored", path)
        elif tree.kind(path) == "folder":
            yield from _check_skill(package, path, plugin, names)


def _check_skill(package: Package, path: str, plugin: Any, names: dict[str, str]) -> Iterator[Hit]:
    if path.removeprefix("skills/").startswith("."):
        yield Hit("skill_directory_hidden", path)
        return
    tree, file = package.tree, f"{path}/SKILL.md"
    nested = [one for one in tree.below(path) if one.endswith("/SKILL.md") and one != file]
    if tree.kind(file) is None:
        code = "skill_manifest_nested" if nested else "skill_manifest_missing"
        yield Hit(code, nested[0] if nested else path)
        return
    if nested:
        yield Hit("skill_manifest_nested", nested[0], severity="warning")
    if not tree.is_file(file):
        yield Hit("skill_manifest_not_regular_file", file)
        return
    try:
        skill = package.skill(file)
    except TextError as error:
        yield Hit(_BROKEN[error.kind], file, detail=error.detail, line=error.line)
        return
    yield from check_front(skill, file)
    yield from _check_identity(skill, file, plugin, names)
    yield from _check_size(package, path, file)
    yield from _check_agent(package, path)


def check_front(skill: Skill, file: str) -> Iterator[Hit]:
    """Yield the findings about one SKILL.md's front matter and body."""
    front = skill.front
    if front is None:
        yield Hit("skill_frontmatter_wrong_type", file, detail="it is empty")
        return
    yield from fields.check(table("openai_portal").fields["skill"], front, file)
    if not skill.body.strip():
        yield Hit("skill_body_empty", file)
    if not isinstance(front, dict):
        return
    for key in ("name", "description"):
        value = front.get(key)
        if (
            isinstance(value, str) and value.strip() and (value.removesuffix("\n") != " ".join(value.split()))
        ):  # a block of YAML ends with a line break
            yield Hit("skill_frontmatter_adjusted", file, (key,), f"`{key}` has outer or double blanks")
    metadata = front.get("metadata")
    idle = [key for key in metadata if key in _INTERFACE] if isinstance(metadata, dict) else []
    if idle:
        yield Hit("skill_metadata_ignored", file, ("metadata", idle[0]), f"it has `{idle[0]}`")


def _check_identity(skill: Skill, file: str, plugin: Any, names: dict[str, str]) -> Iterator[Hit]:
    name = skill.front.get("name") if isinstance(skill.front, dict) else None
    if not isinstance(name, str) or not name.strip():
        return
    name = " ".join(name.split())
    if names.setdefault(name, file) != file:
        yield Hit("skill_identity_duplicate", file, ("name",), f"`{names[name]}` has that name too")
    most = table("openai_portal").values["most_identity"]
    whole = f"{plugin}:{name}"
    if isinstance(plugin, str) and len(plugin) <= most and len(whole) > most:
        yield Hit("skill_identity_too_long", file, ("name",), f"it has {len(whole)} characters")


def _check_size(package: Package, path: str, file: str) -> Iterator[Hit]:
    """Yield a finding for a skill whose files are too large when packed.

    They are packed only if they could be too large.
    """
    most = table("openai_portal").values["skill_bundle"]
    entries = [package.tree.files[one] for one in package.tree.below(path)]
    if sum(entry.size for entry in entries) <= most:
        return
    packed = 0
    for entry in entries:
        if packed > most:
            break
        if package.tree.zipped:
            packed += entry.packed
            continue
        try:
            packed += len(zlib.compress(entry.read(4 * most), 1))
        except OSError:
            continue
    if packed > most:
        yield Hit("skill_bundle_too_large", file, detail=f"it has more than {most:,} bytes when packed")


def _check_agent(package: Package, path: str) -> Iterator[Hit]:
    tree, file = package.tree, f"{path}/agents/openai.yaml"
    if tree.kind(file) is None:
        return
    if not tree.is_file(file):
        yield Hit("skill_agent_not_regular_file", file)
        return
    try:
        data = package.yaml(file).data
    except TextError as error:
        yield Hit(_BROKEN_AGENT[error.kind], file, detail=error.detail, line=error.line)
        return
    yield from fields.check(table("openai_portal").fields["agent"], data, file)
    interface = data.get("interface") if isinstance(data, dict) else None
    for key in ("icon_small", "icon_large"):
        value = interface.get(key) if isinstance(interface, dict) else None
        if isinstance(value, str) and value.strip():
            yield from check_skill_icon(package, value, file, ("interface", key), path)
