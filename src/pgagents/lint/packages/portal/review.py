"""Check the demands of the final submission: pages, cases, notes, commerce, no secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.lint.packages import fields
from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.portal.manifest import EXTENSION, Manifest
from pgagents.lint.packages.portal.servers import list_servers
from pgagents.lint.packages.table import table
from pgagents.lint.packages.texts import MAX_BYTES
from pgagents.source.source import Pointer

_SKILL = re.compile(r"\./(skills/[^/]+/SKILL\.md)")
_SECRETS = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\bsk-[A-Za-z0-9_-]{32,}|\bAKIA[0-9A-Z]{16}\b"
    rb"|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[abprs]-[A-Za-z0-9-]{20,}|\bAIza[0-9A-Za-z_-]{35}\b"
    rb"|\bsk_live_[A-Za-z0-9]{16,}"
)
"""Matches published forms of keys: PEM, OpenAI and Anthropic, AWS, GitHub, Slack, Google, Stripe."""
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
