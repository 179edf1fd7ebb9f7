"""Anthropic's directory: a plugin of Claude, and a bundle for Claude Desktop.

https://code.claude.com/docs/en/plugins-reference, read 2026-11-21.
"""

from pgagents.submit.store import Store

STORE = Store(
    "Claude's directory",
    "claude-directory",
    ("read_only", "destructive"),
    {"hint": "claude-directory/annotations", "page": "claude-directory/privacy"},
    ("website", "support", "privacy"),
    ("the directory's safety scan, and its review by people",),
)
