"""Recognise by its content which judge a package or one of its files belongs to."""

from __future__ import annotations

from typing import Any

from pgagents.lint.packages.package import Package
from pgagents.lint.packages.portal.tools import is_submission
from pgagents.lint.packages.root import find_root
from pgagents.lint.packages.tree import Tree

OTHERS = {"openai-portal": "agent-plugins", "agent-plugins": "openai-portal"}
"""Judges of the same files, each mapped to another one."""


def detect_tree(tree: Tree) -> str | None:
    """Return the name of the judge for a folder or a ZIP; None if it contains nothing known."""
    if tree.kind(".claude-plugin/marketplace.json"):
        return "claude-directory"
    rooted, _, _ = find_root(tree)
    if rooted.kind("plugin.json"):
        manifest = Package(rooted).object("plugin.json") or {}
        extensions = manifest.get("extensions")
        known = isinstance(extensions, dict) and "com.openai" in extensions
        return "openai-portal" if known else "agent-plugins"
    if rooted.kind(".codex-plugin") or rooted.kind(".agent-plugin"):
        return "openai-portal"
    if rooted.kind(".claude-plugin"):
        return "claude-directory"
    if tree.kind("SKILL.md") or tree.kind("skills") == "folder":
        return "agent-skills"
    return "agent-skills" if any(tree.kind(f"{name}/SKILL.md") for name in tree.names()) else None


def detect_file(data: Any, name: str) -> str | None:
    """Return the name of the judge for one file, by its data and its own name; None for any other file."""
    if name == "SKILL.md":
        return "agent-skills"
    if is_submission(data):
        return "openai-portal"
    schema = data.get("$schema") if isinstance(data, dict) else None
    if isinstance(schema, str) and schema.startswith("https://agent-plugins.org/"):
        return "agent-plugins"
    return None
