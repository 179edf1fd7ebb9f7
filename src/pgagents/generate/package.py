"""Pack generated files: for `build --package`, and as the archive of a store with files beside it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType

from pgagents.base import registry
from pgagents.base.errors import PgagentsError
from pgagents.catalogue.model.listing import Listing
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import Built, build, list_missing
from pgagents.generate.render import Artifact


def applying(model: Model) -> dict[str, ModuleType]:
    """Return the packages that apply to this catalogue, by vendor."""
    return {
        id: module
        for id, module in registry.collect("pgagents.generate.packages").items()
        if not list_missing(model, module.PART) and getattr(module, "applies", _applies)(model)
    }


def _applies(_model: Model) -> bool:
    """Return True: a package needs nothing but its parts, unless its module says more."""
    return True


def outputs() -> frozenset[str]:
    """Return the paths of all packages, for any catalogue."""
    return frozenset(str(module.OUTPUT) for module in registry.collect("pgagents.generate.packages").values())


def references(model: Model) -> tuple[str, ...]:
    """Return the names that stand for ids of a vendor's portal, each once."""
    return tuple(
        dict.fromkeys(name for module in applying(model).values() for name in module.references(model))
    )


@dataclass(frozen=True, slots=True)
class Packed:
    """The packages of a build, and by package why others could not be made, each with the next step."""

    made: tuple[Artifact, ...]
    left_out: Mapping[str, tuple[str, str]]
    questions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By path, the questions that are left of a package that is only a draft."""


def pack(model: Model, built: Built, ids: Mapping[str, str]) -> Packed:
    """Make the packages of a build whose files are built and whose ids are known.

    `ids` are the ids that vendors' portals gave, by their names in the catalogue. A package without any built
    file is not asked for. None may be made, each with its reason. Raises PgagentsError if the catalogue or
    what is built here asks for no package at all.
    """
    found = applying(model)
    if not found:
        raise PgagentsError(
            "the catalogue has nothing to package",
            "add `package:` to the surface `copilot` or `copilot_mcp`, or `listing:` to `anthropic`",
        )
    files = {a.path: a.data for a in built.artifacts(without=built.refused)}
    made: list[Artifact] = []
    left_out: dict[str, tuple[str, str]] = {}
    for id, module in found.items():
        missing = [path for path in module.NEEDS if path not in files]
        unknown = [name for name in module.references(model) if name not in ids]
        if len(missing) == len(module.NEEDS) and len(found) > 1:
            continue
        withheld = [path for path in missing if any(artifact.path == path for artifact in built.files)]
        absent = [path for path in missing if path not in withheld]
        # all that is missing is said at once
        needs = []
        if withheld:
            needs.append((f"{', '.join(withheld)}, which is withheld", "mend the error that names it"))
        if absent:
            needs.append(
                (f"{', '.join(absent)}, which is not built here", "leave out --target, or add its vendor")
            )
        if unknown:
            named = " and ".join(f"`{name}`" for name in unknown)
            ids_given = " ".join(f"--reference-id {name}=ID" for name in unknown)
            needs.append((f"the id that the vendor's portal gave for {named}", f"add {ids_given}"))
        if needs:
            whys, helps = zip(*needs, strict=True)
            left_out[id] = (f"{module.OUTPUT} needs {'; and '.join(whys)}", "; ".join(helps))
        else:
            made.append(Artifact(id, module.OUTPUT, module.pack(model, files, ids)))
    for id, module in registry.collect("pgagents.generate.packages").items():
        if id not in found and hasattr(module, "list_lines") and (lines := module.list_lines(model)):
            left_out[id] = (f"{module.OUTPUT} needs lines of yours", f"add {'; '.join(lines)}")
    if not made and not left_out:
        raise PgagentsError("no package can be made of what is built here", "leave out --target")
    asked = {module.OUTPUT: module.list_questions(model) for module in found.values() if is_draft(module)}
    paths = {artifact.path for artifact in made}
    return Packed(tuple(made), left_out, {path: asked[path] for path in asked if path in paths})


def is_draft(module: ModuleType) -> bool:
    """Return True for a package that asks what its author has not said, and that no store takes."""
    return hasattr(module, "list_questions")


# -- archives of stores


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


# -- a zip that has the same bytes on every system


_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def pack_files(contents: Mapping[str, bytes]) -> bytes:
    """Return the zip of these files, by their paths inside it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(contents.items()):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.create_system = 3  # the same value on every system
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return packed.getvalue()
