"""Judge a plugin as OpenAI's portal would: at upload, and at the final submission."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import Any

from pgagents.base.places import Pointer
from pgagents.base.text import KEY_FORMS
from pgagents.lint.packages import fields, portal_tools
from pgagents.lint.packages.fields import Hit, table
from pgagents.lint.packages.package import MAX_BYTES, Package, PackageJudge, TextError, find_root
from pgagents.lint.packages.portal import (
    CLAUDE,
    EXTENSION,
    Manifest,
    check_assets,
    check_front,
    check_manifest,
    check_published,
    check_servers,
    check_skills,
    find_manifest,
    list_client_secrets,
    list_servers,
)
from pgagents.lint.packages.tree import Entry, Tree
from pgagents.lint.tools import tool_judge

_CHALLENGE = ".well-known/openai-apps-challenge"
_OLD_MANIFEST = ".well-known/ai-plugin.json"


def root(tree: Tree) -> tuple[Tree, list[Hit]]:
    """Return the tree with the plugin's root, and the finding that ends the judging if there is no single
    root.
    """
    if not tree.members:
        return tree, [Hit("archive_empty" if tree.zipped else "plugin_root_missing")]
    rooted, code, detail = find_root(tree)
    return rooted, [Hit(code, detail=detail)] if code else []


def find(package: Package) -> Iterator[Hit]:
    """Yield all findings of the portal about a package."""
    yield from check_archive(package.tree)
    yield from check_secrets(package)
    yield from _check_hosted(package)
    manifest, broken = find_manifest(package)
    yield from broken
    if manifest is None:
        yield from check_skills(package, None)
        return
    yield from check_manifest(manifest)
    if package.published is not None:
        yield from _check_published(manifest, package.published)
    yield from check_servers(package, manifest)
    yield from check_content(package, manifest)
    yield from check_skills(package, manifest.data.get("name"))
    if manifest.file != CLAUDE:
        yield from check_assets(package, manifest)
        yield from check_review(package, manifest)


def _check_published(manifest: Manifest, published: Tree) -> Iterator[Hit]:
    old, _ = find_manifest(Package(root(published)[0]))
    if old is not None:
        yield from check_published(manifest, old)


def _check_hosted(package: Package) -> Iterator[Hit]:
    """Yield the findings about files for the host's site, if the folder has them."""
    if package.tree.is_file(_CHALLENGE):
        try:
            yield from portal_tools.check_challenge(package.text(_CHALLENGE), _CHALLENGE)
        except TextError as error:
            yield Hit("domain_verification_required", _CHALLENGE, detail=error.detail)
    if package.tree.kind(_OLD_MANIFEST):
        yield Hit("rule-ai-plugin", _OLD_MANIFEST)


def find_file(package: Package, path: str) -> Iterator[Hit] | None:
    """Return the portal's findings about one file: tools, a submission, a manifest, a skill, a token."""
    if path == "openai-apps-challenge":
        return portal_tools.check_challenge(package.text(path), path)
    if path == "SKILL.md":
        return check_front(package.skill(path), path)
    data = (package.yaml if path.endswith((".yaml", ".yml")) else package.json)(path).data
    if portal_tools.is_submission(data):
        return portal_tools.check_submission(data, path)
    if tool_judge.kind(data) == "mcp-tools":
        return portal_tools.check_tools(data, path)
    if isinstance(data, dict) and path == "plugin.json":
        portable = "agent-plugins.org" in str(data.get("$schema")) or "extensions" in data
        manifest = Manifest(path if portable else f".codex-plugin/{path}", data)
        return (
            Hit(one.code, path, one.pointer, one.detail, one.help, one.severity)
            for one in chain(check_manifest(manifest))
        )
    return None


def describe(package: Package) -> Iterator[str]:
    """Yield lines that describe the package's content."""
    manifest, _ = find_manifest(package)
    if manifest is None:
        return
    layout = "Agent Plugins" if manifest.portable else "Codex" if manifest.file != CLAUDE else "Claude"
    servers, skills = len(list_servers(package, manifest)), sum(1 for _ in package.skills())
    yield (
        f"{layout} layout, {skills} skill{'' if skills == 1 else 's'}, "
        f"{servers} MCP server{'' if servers == 1 else 's'}"
    )


JUDGE = PackageJudge(
    "OpenAI's plugin portal: a package, a list of MCP tools, a submission file",
    root,
    find,
    find_file,
    describe,
    "archive_format_not_zip",
)


# -- entries of the ZIP, or of one made from the folder


_DRIVE = re.compile(r"[A-Za-z]:")


def check_archive(tree: Tree) -> Iterator[Hit]:
    """Yield the findings about the archive as a whole, then with its entries."""
    limits = table("openai_portal").values["archive"]
    if not tree.members:
        yield Hit("archive_empty")
        return
    if tree.packed > limits["bytes"]:
        yield Hit("archive_too_large", detail=f"it has {tree.packed:,} bytes")
    if len(tree.members) > limits["entries"]:
        yield Hit("archive_too_many_entries", detail=f"it has {len(tree.members):,}")
    unpacked = sum(member.size for member in tree.members if member.kind == "file")
    if unpacked > limits["unpacked"]:
        yield Hit("archive_uncompressed_too_large", detail=f"it has {unpacked:,} bytes")
    for member in tree.members:
        yield from _check_path(member.path, limits)
        yield from _check_member(member, tree, limits["member"])
    yield from _check_pairs(tree)


def _check_path(path: str, limits: dict[str, int]) -> Iterator[Hit]:
    """Yield the first problem of an entry's path."""
    shown = f"`{path[:120]}`"
    segments = path.removesuffix("/").split("/")
    for code, wrong in (
        ("archive_member_path_empty", not path),
        ("archive_member_path_has_outer_whitespace", path != path.strip()),
        ("archive_member_path_has_backslash", "\\" in path),
        ("archive_member_path_absolute", path.startswith("/") or bool(_DRIVE.match(path))),
        ("archive_member_path_has_parent_segment", ".." in segments),
        ("archive_member_path_has_empty_segment", "" in segments),
        ("archive_member_path_too_deep", len(segments) > limits["segments"]),
        ("archive_member_path_too_long", len(path.encode("utf-8", "replace")) > limits["path"]),
    ):
        if wrong:
            yield Hit(code, detail=shown)
            return


def _check_member(member: Entry, tree: Tree, most: int) -> Iterator[Hit]:
    inner = member.path.removeprefix(tree.root)
    if member.kind in ("link", "other"):
        below = inner.removeprefix("skills/")
        if member.kind == "link" and not tree.zipped and below != inner and "/" not in below:
            yield Hit("skill_symlink_ignored", inner)
        else:
            what = "a symbolic link" if member.kind == "link" else "a device, a pipe or a socket"
            yield Hit("archive_member_type_unsupported", inner, detail=f"it is {what}")
    elif member.size > most:
        yield Hit("archive_member_too_large", inner, detail=f"it has {member.size:,} bytes")
    if why := tree.trouble.get(member.path):
        yield Hit("archive_member_unreadable", inner, detail=why)


def _check_pairs(tree: Tree) -> Iterator[Hit]:
    """Yield entries whose names a file system might not distinguish."""
    paths: set[str] = set()
    files: set[str] = set()
    folded: dict[str, str] = {}
    for member in tree.members:
        path = member.path.rstrip("/")
        if path in paths:
            conflict = (path in files) != (member.kind != "folder")
            code = "archive_member_path_type_conflict" if conflict else "archive_member_path_duplicate"
            yield Hit(code, detail=f"`{path[:120]}`")
        paths.add(path)
        if member.kind != "folder":
            files.add(path)
        same = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
        if folded.setdefault(same, path) != path:
            both = f"`{folded[same][:120]}` and `{path[:120]}`"
            yield Hit("archive_member_path_normalization_collision", detail=both)
    for path in paths:
        parent = path.rpartition("/")[0]
        if parent and parent in files:
            yield Hit("archive_member_path_type_conflict", detail=f"`{parent[:120]}` is a file too")


# -- declared skills, apps and hooks


APPS = ".app.json"
_HOOKS = ("hooks", "hooks.json")


def check_content(package: Package, manifest: Manifest) -> Iterator[Hit]:
    """Yield the findings about declared paths, about app references, and about missing parts."""
    if not manifest.portable:
        yield from _check_skills_path(package, manifest)
    yield from _check_apps(package, manifest)
    servers = list_servers(package, manifest)
    if not servers and manifest.interface.get("screenshots"):
        yield Hit("screenshot_configuration_excluded", manifest.file, (*manifest.listing[1], "screenshots"))
    if not servers and not _has_skill(package):
        yield Hit("plugin_runtime_surface_missing", manifest.file)
    for name in _HOOKS:
        if package.tree.kind(name):
            yield Hit("rule-hooks", name)
    for file in (manifest.file, "mcp.json", ".mcp.json"):
        for pointer in list_client_secrets(package.object(file)):
            yield Hit("rule-client-secret", file, pointer)


def _has_skill(package: Package) -> bool:
    """True if a folder below skills/ looks like a skill. Its problems are reported elsewhere."""
    return any(package.tree.kind(f"skills/{name}") == "folder" for name in package.tree.names("skills"))


def _check_skills_path(package: Package, manifest: Manifest) -> Iterator[Hit]:
    if "skills" not in manifest.data:
        return
    code = _judge_path(manifest.data["skills"], "skills", "plugin_skills_path")
    if not code:
        kind = package.tree.kind("skills")
        if kind is None:
            code = "plugin_skills_directory_missing"
        elif kind != "folder":
            code = "plugin_skills_path_not_directory"
    if code:
        yield Hit(code, manifest.file, ("skills",))


def _judge_path(value: Any, wanted: str, code: str) -> str:
    if not isinstance(value, str):
        return f"{code}_wrong_type"
    if not value.strip():
        return f"{code}_empty"
    return "" if value.removeprefix("./").rstrip("/") == wanted else f"{code}_unsupported"


def _check_apps(package: Package, manifest: Manifest) -> Iterator[Hit]:
    """Yield the findings about app references, which cannot be submitted."""
    declared = "apps" in manifest.data
    if not declared:
        if package.tree.kind(APPS):
            yield Hit("undeclared_app_manifest_ignored", APPS)
        return
    code = _judge_path(manifest.data["apps"], APPS, "plugin_apps_path")
    kind = package.tree.kind(APPS)
    if not code and kind is None:
        code = "plugin_apps_file_missing"
    elif not code and kind != "file":
        code = "plugin_apps_path_not_file"
    if code:
        yield Hit(code, manifest.file, ("apps",))
    elif list_servers(package, manifest):
        yield Hit("rule-apps", manifest.file, ("apps",))
    else:
        yield Hit("app_configuration_excluded", manifest.file, ("apps",))
    if not code:
        yield from _check_app_file(package)


def _check_app_file(package: Package) -> Iterator[Hit]:
    try:
        data = package.json(APPS).data
    except TextError as error:
        code = "app_manifest_json_malformed" if error.kind == "json" else "app_manifest_unreadable"
        yield Hit(code, APPS, detail=error.detail, line=error.line)
        return
    yield from fields.check(table("openai_portal").fields["apps"], data, APPS)
    apps = data.get("apps") if isinstance(data, dict) else None
    seen: set[str] = set()
    for name, app in apps.items() if isinstance(apps, dict) else ():
        id = app.get("id") if isinstance(app, dict) else None
        if isinstance(id, str) and id in seen:
            yield Hit("duplicate_app_reference", APPS, ("apps", name, "id"), f"`{id[:80]}`")
        elif isinstance(id, str):
            seen.add(id)


# -- demands of the final submission


_SKILL = re.compile(r"\./(skills/[^/]+/SKILL\.md)")
_SECRETS = re.compile(KEY_FORMS.encode())
_MOST_FILES = 5_000
_MOST_BYTES = 64_000_000


def check_review(package: Package, manifest: Manifest) -> Iterator[Hit]:
    """Yield the findings about the final submission. Absent members have other codes if there is a server."""
    rows, data = table("openai_portal").fields, manifest.extension
    connects = bool(list_servers(package, manifest))
    kind = "missing-portable" if connects else "missing"
    yield from fields.check(rows["extension"], data, manifest.file, EXTENSION, missing=kind)
    publication = data.get("publication", {})
    if isinstance(publication, dict):
        at = (*EXTENSION, "publication")
        yield from fields.check(rows["publication"], publication, manifest.file, at, missing=kind)
    if connects and isinstance(manifest.listing[0], dict):
        for member in table("openai_portal").values["url"]:
            if member not in manifest.interface:
                yield Hit("rule-listing-url", manifest.file, manifest.listing[1], f"`{member}` is not there")
    yield from _check_onboarding(package, manifest)
    yield from check_commerce(data.get("review"), manifest.file, (*EXTENSION, "review"))


def check_commerce(review: Any, file: str, at: Pointer) -> Iterator[Hit]:
    """Yield a finding for a paid service without a description."""
    if isinstance(review, dict) and review.get("commerce") is True:
        said = review.get("commerce_description")
        if not isinstance(said, str) or not said.strip():
            yield Hit("rule-commerce", file, (*at, "commerce"))


def _check_onboarding(package: Package, manifest: Manifest) -> Iterator[Hit]:
    path = manifest.extension.get("onboardingSkill")
    if not isinstance(path, str):
        return
    match = _SKILL.fullmatch(path)
    if match is None or not package.tree.is_file(match.group(1)):
        at = (*EXTENSION, "onboardingSkill")
        yield Hit("rule-onboarding-skill", manifest.file, at, f"it is `{path[:120]}`")


def check_secrets(package: Package) -> Iterator[Hit]:
    """Yield files that hold a secret of a known form, and those that were not searched.

    The secret itself is never shown.
    """
    room = _MOST_BYTES
    files = [path for path, entry in sorted(package.tree.files.items()) if entry.kind == "file"]
    for path in files[:_MOST_FILES]:
        entry = package.tree.files[path]
        if entry.size > min(MAX_BYTES, room):
            yield Hit("rule-secret-unsearched", path, detail=f"it has {entry.size:,} bytes")
            continue
        try:
            raw = entry.read(MAX_BYTES)
        except OSError as error:
            yield Hit("rule-secret-unsearched", path, detail=error.strerror or str(error))
            continue
        room -= len(raw)
        if match := _SECRETS.search(raw):
            line = raw.count(b"\n", 0, match.start()) + 1
            yield Hit("rule-secret", path, line=line)
    for path in files[_MOST_FILES : _MOST_FILES + 1]:
        after = len(files) - _MOST_FILES - 1
        more = f"it and {after:,} more files come after the first {_MOST_FILES:,}"
        yield Hit("rule-secret-unsearched", path, detail=more)
