"""Gemini CLI takes the extension's folder."""

from pgagents.generate.stores.archive import Archive

ARCHIVE = Archive(("gemini_cli",), "gemini_cli/")
