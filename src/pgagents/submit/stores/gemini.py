"""Gemini CLI's extensions: a folder with its manifest and context.

https://geminicli.com/docs/extensions/reference, read 2026-11-21.
"""

from pgagents.submit.store import Store

STORE = Store(
    "Gemini CLI's extensions",
    "",
    ("read_only", "destructive", "idempotent", "open_world"),
    {},
    (),
    ("the listing in the gallery, which follows a public repository",),
)
