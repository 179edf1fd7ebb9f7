"""Pack the generated files for a store: one archive, and files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pgagents.generate.build import Built, build
from pgagents.generate.package import applying
from pgagents.generate.stores.zipped import pack_files
from pgagents.model.model import Model
from pgagents.model.stores.listing import Listing


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of a store's package.

    `targets` are built, and their files below `folder` form the archive. `beside` are files next to it.
    `bundles` are packages of `build --package`, by their suffix.
    """

    targets: tuple[str, ...]
    folder: str
    beside: tuple[str, ...] = ()
    bundles: Mapping[str, str] = field(default_factory=dict)


ARCHIVES: Mapping[str, Archive] = MappingProxyType(
    {
        # Claude's directory takes the plugin's folder, and Claude Desktop a bundle
        "anthropic": Archive(("claude_plugin", "mcpb"), "claude_plugin/", bundles={".mcpb": "mcpb"}),
        "gemini": Archive(("gemini_cli",), "gemini_cli/"),
        # ChatGPT's plugin directory takes a ZIP of the Agent Plugin, and a file for its form
        "openai": Archive(
            ("agent_plugin", "openai/submission"),
            "agent_plugin/",
            beside=("openai/chatgpt-app-submission.json",),
        ),
    }
)
"""The archive of every store, by the surface with its listing."""


def pack_archive(model: Model, archive: Archive, listing: Listing) -> tuple[Built, dict[str, bytes]]:
    """Build the files of a store.

    Return the build, and the files to submit by name, the archive first.
    """
    built = build(model, only=archive.targets)
    files = {a.path: a.data for a in built.artifacts()}
    prefix = archive.folder
    inside = {path.removeprefix(prefix): data for path, data in files.items() if path.startswith(prefix)}
    name = f"{listing.id}-{listing.version}"
    made = {f"{name}.zip": pack_files(inside)}
    made |= {path.rpartition("/")[2]: files[path] for path in archive.beside if path in files}
    made |= {f"{name}{suffix}": data for suffix, data in _bundle(model, archive, files)}
    return built, made


def _bundle(model: Model, archive: Archive, files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the additional packages by suffix, except those with a missing file."""
    known = applying(model)
    for suffix, name in archive.bundles.items():
        if name in known and all(path in files for path in known[name].NEEDS):
            yield suffix, known[name].pack(model, files, {})
