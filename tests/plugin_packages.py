"""Good plugin packages of an invented library, as files in memory, and how to write them down."""

from __future__ import annotations

import copy
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Files = dict[str, Any]
"""Content by path: bytes, text, or a value that is written as JSON. None is a folder, a `Link` a link."""


class Link(str):
    """A symbolic link to this target."""


def png(width: int = 512, height: int | None = None) -> bytes:
    """A PNG of one colour."""
    height = width if height is None else height

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = struct.pack(">LLBBBBB", width, height, 1, 0, 0, 0, 0)
    lines = (b"\0" + b"\0" * ((width + 7) // 8)) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def jpeg(width: int, height: int) -> bytes:
    """The markers of a JPEG, without a picture worth looking at."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + frame + b"\xff\xda" + struct.pack(">H", 2) + b"\0\0" + b"\xff\xd9"


def webp(width: int, height: int) -> bytes:
    """The header of a WebP."""
    body = b"VP8X" + struct.pack("<L", 10) + b"\0\0\0\0"
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<L", len(body) + 4) + b"WEBP" + body


def svg(inside: str = 'viewBox="0 0 512 512"') -> str:
    """An SVG with these attributes."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {inside}><path d="M0 0"/></svg>'


SKILL = """---
name: find-books
description: Find books and reserve them. Use when the user asks for a book.
---

# Find books

1. Call `search_books` with the words of the title.
2. Ask before `reserve_book`.
"""
AGENT: dict[str, Any] = {
    "interface": {"display_name": "Find books", "short_description": "Finds and reserves books"},
    "policy": {"products": ["CHAT", "CODEX"], "allow_implicit_invocation": True},
    "dependencies": {"tools": []},
}
INTERFACE: dict[str, Any] = {
    "displayName": "City Library",
    "shortDescription": "Find and reserve books",
    "longDescription": "Search the library's books, see which are free, reserve one.\nNothing is charged.",
    "developerName": "City Library",
    "category": "Education & Research",
    "capabilities": ["Search books", "Reserve a book"],
    "websiteURL": "https://library.example",
    "supportURL": "https://library.example/help",
    "privacyPolicyURL": "https://library.example/privacy",
    "termsOfServiceURL": "https://library.example/terms",
    "defaultPrompt": ["Find books about bees.", "Which books have I reserved?"],
    "brandColor": "#0A66C2",
    "brandColorDark": "#4C9AFF",
    "composerIcon": "./assets/icon.png",
    "logo": "./assets/icon.png",
}
CASE = {"description": "Find a book", "prompt": "Find a book about bees."}
POSITIVE = {**CASE, "tools_triggered": "search_books", "expected_behavior": "Lists books with their authors."}
EXTENSION: dict[str, Any] = {
    "review": {
        "demo_recording_url": "https://library.example/demo",
        "test_cases": {
            "positive": [{**POSITIVE, "prompt": f"Find book {n}."} for n in range(5)],
            "negative": [{**CASE, "prompt": f"Book flight {n}."} for n in range(3)],
        },
    },
    "publication": {
        "release_notes": "First release.",
        "countries": ["US"],
        "translations": {"de": {"subtitle": "Bücher finden", "description": "Sucht Bücher.\nReserviert."}},
    },
}
MANIFEST: dict[str, Any] = {
    "name": "city-library",
    "version": "1.0.0",
    "description": "Find and reserve books of the city library.",
    "author": {"name": "City Library", "email": "dev@library.example", "url": "https://library.example"},
    "homepage": "https://library.example",
}
SCHEMAS = "https://agent-plugins.org/schemas/1.0.0"
SERVER = {"type": "streamable-http", "url": "https://api.library.example/mcp"}


def portable() -> Files:
    """Agent Plugins' layout with OpenAI's extension, a skill and a server."""
    extension = {"interface": INTERFACE, **EXTENSION}
    manifest = {
        "$schema": f"{SCHEMAS}/plugin.schema.json",
        **MANIFEST,
        "extensions": {"com.openai": extension},
    }
    return copy.deepcopy(
        {
            "plugin.json": manifest,
            "mcp.json": {"$schema": f"{SCHEMAS}/mcp.schema.json", "mcpServers": {"library": SERVER}},
            "skills/find-books/SKILL.md": SKILL,
            "skills/find-books/agents/openai.yaml": AGENT,
            "assets/icon.png": png(),
        }
    )


def codex() -> Files:
    """Codex's layout, with a server."""
    made = portable()
    manifest = {
        "id": "plugin_1",
        **MANIFEST,
        "skills": "./skills/",
        "mcpServers": "./.mcp.json",
        "interface": INTERFACE,
        "extensions": {"com.openai": EXTENSION},
    }
    del made["plugin.json"], made["mcp.json"]
    server = {"mcpServers": {"library": {"url": SERVER["url"]}}}
    return copy.deepcopy({".codex-plugin/plugin.json": manifest, ".mcp.json": server, **made})


def skills_only() -> Files:
    """Codex's layout without a server."""
    made = codex()
    del made[".mcp.json"], made[".codex-plugin/plugin.json"]["mcpServers"]
    return made


def with_apps() -> Files:
    """A package with references to apps, which cannot be submitted but has codes of its own."""
    made = skills_only()
    made[".codex-plugin/plugin.json"]["apps"] = "./.app.json"
    made[".app.json"] = {"apps": {"library": {"id": "connector_library", "optional": True}}}
    return made


def claude() -> Files:
    """A Claude plugin that the directory takes."""
    manifest = {
        "name": "city-library",
        "version": "1.0.0",
        "description": "Find and reserve books of the city library.",
        "author": {"name": "City Library"},
        "license": "Apache-2.0",
        "privacyPolicyUrl": "https://library.example/privacy",
    }
    server = {**SERVER, "type": "http", "headers": {"Authorization": "Bearer ${LIBRARY_API_KEY}"}}
    return copy.deepcopy(
        {
            ".claude-plugin/plugin.json": manifest,
            ".claude-plugin/icon.png": png(),
            ".mcp.json": {"mcpServers": {"library": server}},
            "README.md": "# City Library\n\n" + "This plugin finds books and reserves them. " * 10,
            "skills/find-books/SKILL.md": SKILL,
        }
    )


def submission() -> Files:
    """The file that fills the submission's form."""
    hints = {"readOnlyHint": True, "openWorldHint": False, "destructiveHint": False}
    names = ("read_only_justification", "open_world_justification", "destructive_justification")
    tool = {"annotations": hints, "justifications": dict.fromkeys(names, "Only reads books.")}
    case = {"description": "Find a book", "user_prompt": "Find a book about bees."}
    data = {
        "$schema": "https://developers.openai.com/apps-sdk/schemas/chatgpt-app-submission.v1.json",
        "schema_version": 1,
        "app_info": {
            "display_name": "City Library",
            "subtitle": "Find and reserve books",
            "description": "Search books.\nReserve one.",
            "category": "EDUCATION",
        },
        "tools": {"search_books": tool},
        "test_cases": [{**case, "tools_triggered": "search_books"} for _ in range(5)],
        "negative_test_cases": [{**case, "tools_triggered": None} for _ in range(3)],
    }
    return copy.deepcopy({"chatgpt-app-submission.json": data})


def tool_list() -> Files:
    """The tools that a server lists."""
    search = {
        "name": "search_books",
        "title": "Search books",
        "description": "Find books by words of their title. Changes nothing.",
        "inputSchema": {"type": "object", "properties": {"words": {"type": "string"}}},
        "outputSchema": {"type": "object", "properties": {"books": {"type": "array"}}},
        "annotations": {"readOnlyHint": True, "openWorldHint": False, "destructiveHint": False},
    }
    return copy.deepcopy({"tools.json": {"tools": [search], "resources": []}})


def encode(content: Any) -> bytes:
    """The bytes of a file's content."""
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass")
    return json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8", "surrogatepass")


def write(files: Mapping[str, Any], folder: Path) -> Path:
    """Write the files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            place.mkdir(exist_ok=True)
        elif isinstance(content, Link):
            place.symlink_to(content)
        else:
            place.write_bytes(encode(content))
    return folder


def pack(files: Mapping[str, Any]) -> bytes:
    """A ZIP of the files; a path may be anything."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo("x")
            info.filename = path if content is not None else f"{path}/"
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o120777 if isinstance(content, Link) else 0o100644) << 16
            if content is None:
                info.external_attr = 0o40755 << 16
            archive.writestr(info, b"" if content is None else encode(content))
    return raw.getvalue()
