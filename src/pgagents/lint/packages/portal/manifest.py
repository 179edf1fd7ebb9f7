"""Check the plugin's manifest: its place, its JSON, and each of its members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgagents.lint.packages import fields
from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.root import MANIFESTS
from pgagents.lint.packages.table import table
from pgagents.lint.packages.texts import TextError
from pgagents.source.source import Pointer

PORTABLE = "plugin.json"
CODEX = ".codex-plugin/plugin.json"
CLAUDE = ".claude-plugin/plugin.json"
EXTENSION: Pointer = ("extensions", "com.openai")
_BROKEN = {
    "unreadable": "plugin_manifest_unreadable",
    "utf8": "plugin_manifest_unreadable",
    "json": "plugin_manifest_json_malformed",
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that is an object. In the portable layout an extension contains the listing."""

    file: str
    data: dict[str, Any]

    @property
    def portable(self) -> bool:
        """True for Agent Plugins' layout."""
        return self.file == PORTABLE

    @property
    def kind(self) -> str:
        """Return the kind of constraint for absent members."""
        return "missing-portable" if self.portable else "missing"

    @property
    def extension(self) -> dict[str, Any]:
        """Return OpenAI's extension; empty if it is missing."""
        return _object(_object(self.data.get("extensions")).get("com.openai"))

    @property
    def listing(self) -> tuple[Any, Pointer]:
        """Return the member `interface` with its place; an empty object if it is missing."""
        holder, at = (self.extension, EXTENSION) if self.portable else (self.data, ())
        return holder.get("interface", {}), (*at, "interface")

    @property
    def interface(self) -> dict[str, Any]:
        """Return the listing's members."""
        return _object(self.listing[0])


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def find_manifest(package: Package) -> tuple[Manifest | None, list[Hit]]:
    """Return the manifest that the portal reads, or None with the reason."""
    tree = package.tree
    if tree.kind(".codex-plugin") not in (None, "folder") and not tree.is_file(PORTABLE):
        return None, [Hit("codex_manifest_parent_not_directory", ".codex-plugin")]
    path = next((path for path in MANIFESTS if tree.kind(path)), None)
    if path is None:
        return None, [Hit("plugin_manifest_missing")]
    if not tree.is_file(path):
        code = "codex_manifest_path_not_file" if path == CODEX else "plugin_manifest_not_file"
        return None, [Hit(code, path)]
    try:
        data = package.json(path).data
    except TextError as error:
        return None, [Hit(_BROKEN[error.kind], path, detail=error.detail, line=error.line)]
    if not isinstance(data, dict):
        return None, [Hit("plugin_manifest_root_not_object", path)]
    return Manifest(path, data), []


def check_manifest(manifest: Manifest) -> Iterator[Hit]:
    """Yield the findings about the manifest's members."""
    rows, data, file = table("openai_portal").fields, manifest.data, manifest.file
    holder, at = (manifest.extension, EXTENSION) if manifest.portable else (data, ())
    yield from fields.check(rows["identity"], holder, file, at)
    yield from fields.check(rows["manifest"], data, file, missing=manifest.kind)
    if file == CLAUDE:
        yield Hit("claude_format_normalized", file)
        return
    interface, place = manifest.listing
    if not isinstance(interface, dict):
        yield Hit("plugin_interface_wrong_type", file, place)
        return
    yield from fields.check(rows["interface"], interface, file, place, missing=manifest.kind)
    prompts = interface.get("defaultPrompt")
    if isinstance(prompts, str):
        yield from fields.check(rows["prompt"], [prompts], file, (*place, "defaultPrompt"))
    elif isinstance(prompts, list):
        yield from fields.check(rows["prompt"], prompts[:3], file, (*place, "defaultPrompt"))
    yield from _check_names(manifest)
    yield from _check_blanks(manifest)


def _check_names(manifest: Manifest) -> Iterator[Hit]:
    author = _object(manifest.data.get("author")).get("name")
    developer = manifest.interface.get("developerName")
    if isinstance(author, str) and isinstance(developer, str) and author.strip() and developer.strip():
        if author.strip() == developer.strip():
            return
        _, place = manifest.listing
        detail = f"`{author[:80]}` and `{developer[:80]}`"
        yield Hit("developer_name_defaulted", manifest.file, (*place, "developerName"), detail)


def _check_blanks(manifest: Manifest) -> Iterator[Hit]:
    """Yield texts whose blanks the portal would remove."""
    _, place = manifest.listing
    for holder, at in ((manifest.data, ()), (manifest.interface, place)):
        for key, value in holder.items():
            if isinstance(value, str) and value.strip() and value != value.strip():
                yield Hit("manifest_normalized", manifest.file, (*at, key), f"`{key[:80]}` has outer blanks")


def check_published(manifest: Manifest, published: Manifest) -> Iterator[Hit]:
    """Yield the findings about an update: members that must change or must not."""
    for key, code in (("name", "plugin_name_mismatch"), ("version", "plugin_version_unchanged")):
        old, new = published.data.get(key), manifest.data.get(key)
        if isinstance(old, str) and isinstance(new, str) and (old == new) == (key == "version"):
            yield Hit(code, manifest.file, (key,), f"the published package has `{old[:80]}`")
