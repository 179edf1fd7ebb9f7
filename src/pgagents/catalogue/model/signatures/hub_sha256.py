"""GitHub's format.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, read 2026-11-21.
"""

from __future__ import annotations

from pgagents.catalogue.model.credential import SignatureScheme

SCHEME = SignatureScheme(
    "hub_sha256",
    "X-Hub-Signature-256",
    "{body}",
    "",
    "sha256={mac}",
    r"sha256=[0-9a-f]{64}",
    r"sha256=([0-9a-f]{64})",
    "`sha256=HEX`: HMAC-SHA256 of the body",
)
