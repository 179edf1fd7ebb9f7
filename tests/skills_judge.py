"""Judge the skills of an MCP server by what it answers, in one era (SEP-2640, read 2026-11-26)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

EXTENSION = "io.modelcontextprotocol/skills"
INVALID = -32602
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MOST_SKILLS, MOST_FILES, MOST_MAIN, MOST_OTHER, MOST_ALL = 5, 100, 256 << 10, 1 << 20, 5 << 20
"""The limits of OpenAI's import (developers.openai.com/plugins/build/mcp-server, read 2026-11-26)."""
MOST_PAGES = 10

Ask = Callable[[str, dict[str, Any]], Mapping[str, Any]]
"""A function that sends a method with params and returns the message that answers."""


def judge(ask: Ask, capabilities: Mapping[str, Any]) -> list[str]:
    """Return the faults; an empty list is a right server. `capabilities` are those that it declared."""
    declared = (capabilities.get("extensions") or {}).get(EXTENSION)
    if declared is None:
        return ["the extension is not declared"]
    faults = [] if "resources" in capabilities else ["resources are not declared"]
    skills: list[Any] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = ask("skills/list", {"cursor": cursor} if cursor else {}).get("result", {})
        faults += [
            f"skills/list lacks {name}" for name in ("resultType", "ttlMs", "cacheScope") if name not in page
        ]
        skills += page.get("skills", [])
        cursor = page.get("nextCursor")
        if cursor is None:
            break
    names = [(skill.get("frontmatter") or {}).get("name") for skill in skills]
    if not skills or len(set(names)) < len(names) or len(skills) > MOST_SKILLS:
        faults.append(f"{len(skills)} skills with {len(set(names))} names are listed")
    for skill in skills:
        faults += [f"{skill.get('uri')}: {fault}" for fault in _judge_skill(ask, skill)]
        if declared.get("directoryRead"):
            faults += _judge_folder(ask, str(skill.get("uri")))
    for method in ("skills/get", "resources/read"):
        if _code(ask(method, {"uri": "skill://no-such-skill/SKILL.md"})) != INVALID:
            faults.append(f"{method} of an unknown address is not refused with {INVALID}")
    if _code(ask("skills/list", {"cursor": "no-such-page"})) != INVALID:
        faults.append(f"skills/list with an unknown cursor is not refused with {INVALID}")
    return faults


def _code(message: Mapping[str, Any]) -> Any:
    return (message.get("error") or {}).get("code")


def _judge_skill(ask: Ask, skill: Mapping[str, Any]) -> Iterator[str]:
    uri, front, files = str(skill.get("uri")), skill.get("frontmatter") or {}, skill.get("resources")
    name = str(front.get("name"))
    if not uri.endswith(f"/{name}/SKILL.md") or not NAME.fullmatch(name) or len(name) > 64:
        yield f"the name is {name}"
    if not 0 < len(str(front.get("description", ""))) <= 1024 or "allowed-tools" in front:
        yield "the front matter lacks a description, or has what hosts ignore"
    if ask("skills/get", {"uri": uri}).get("result", {}).get("skill") != skill:
        yield "skills/get says something else"
    if not isinstance(files, list) or [file.get("uri") for file in files].count(uri) != 1:
        yield "resources do not have SKILL.md once"
        return
    sizes = 0
    for file in files:
        contents = ask("resources/read", {"uri": file.get("uri")}).get("result", {}).get("contents", [])
        if len(contents) != 1 or contents[0].get("uri") != file.get("uri"):
            yield "a file is not one content with its address"
            continue
        content = contents[0]
        raw = content["text"].encode() if "text" in content else base64.b64decode(content["blob"])
        sizes += len(raw)
        digest = str(file.get("digest"))
        if not DIGEST.fullmatch(digest) or digest != f"sha256:{hashlib.sha256(raw).hexdigest()}":
            yield "a digest is not that of the bytes"
        if file.get("size") != len(raw) or len(raw) > (MOST_MAIN if file["uri"] == uri else MOST_OTHER):
            yield "a size is not that of the bytes, or too large"
        if file["uri"] == uri:
            yield from _judge_text(content, raw.decode(), front)
    if len(files) > MOST_FILES or sizes > MOST_ALL:
        yield "it is too large"


def _judge_text(content: Mapping[str, Any], text: str, front: Mapping[str, Any]) -> Iterator[str]:
    written = yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else None
    if json.loads(json.dumps(written, default=str)) != front:
        yield "the front matter of the entry is not that of the file"
    if content.get("mimeType") != "text/markdown":
        yield "SKILL.md is not a text/markdown"


def _judge_folder(ask: Ask, uri: str) -> Iterator[str]:
    folder = uri.removesuffix("/SKILL.md")
    children = ask("resources/directory/read", {"uri": folder}).get("result", {}).get("resources", [])
    if [child.get("uri") for child in children if child.get("mimeType") != "inode/directory"] != [uri]:
        yield f"{folder}: the folder does not show its file"
    if _code(ask("resources/directory/read", {"uri": uri})) != INVALID:
        yield f"{uri}: a file is read as a folder"
