"""Judge a plugin as OpenAI's portal would: at upload, and at the final submission."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.package_judge import PackageJudge
from pgagents.lint.packages.portal import tools
from pgagents.lint.packages.portal.assets import check_assets
from pgagents.lint.packages.portal.content import check_content
from pgagents.lint.packages.portal.manifest import (
    CLAUDE,
    Manifest,
    check_manifest,
    check_published,
    find_manifest,
)
from pgagents.lint.packages.portal.review import check_review, check_secrets
from pgagents.lint.packages.portal.servers import check_servers, list_servers
from pgagents.lint.packages.portal.skills import check_front, check_skills
from pgagents.lint.packages.portal.structure import check_archive
from pgagents.lint.packages.root import find_root
from pgagents.lint.packages.texts import TextError
from pgagents.lint.packages.tree import Tree
from pgagents.lint.tools import shape

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
            yield from tools.check_challenge(package.text(_CHALLENGE), _CHALLENGE)
        except TextError as error:
            yield Hit("domain_verification_required", _CHALLENGE, detail=error.detail)
    if package.tree.kind(_OLD_MANIFEST):
        yield Hit("rule-ai-plugin", _OLD_MANIFEST)


def find_file(package: Package, path: str) -> Iterator[Hit] | None:
    """Return the portal's findings about one file: tools, a submission, a manifest, a skill, a token."""
    if path == "openai-apps-challenge":
        return tools.check_challenge(package.text(path), path)
    if path == "SKILL.md":
        return check_front(package.skill(path), path)
    data = (package.yaml if path.endswith((".yaml", ".yml")) else package.json)(path).data
    if tools.is_submission(data):
        return tools.check_submission(data, path)
    if shape.kind(data) == "mcp-tools":
        return tools.check_tools(data, path)
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
