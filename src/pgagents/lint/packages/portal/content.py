"""Check declared skills, apps and hooks, and that a package contains something to offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.lint.packages import fields
from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.portal.manifest import Manifest
from pgagents.lint.packages.portal.servers import list_client_secrets, list_servers
from pgagents.lint.packages.table import table
from pgagents.lint.packages.texts import TextError

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
