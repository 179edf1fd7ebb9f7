"""Slack's format. https://docs.slack.dev/authentication/verifying-requests-from-slack, read 2026-11-21."""

from __future__ import annotations

from pgagents.catalogue.model.credential import SignatureScheme

SCHEME = SignatureScheme(
    "slack_v0",
    "X-Slack-Signature",
    "v0:{time}:{body}",
    "",
    "v0={mac}",
    r"v0=[0-9a-f]{64}",
    r"v0=([0-9a-f]{64})",
    "`v0=HEX`: HMAC-SHA256 of `v0:SECONDS:BODY`, with the seconds in X-Slack-Request-Timestamp",
    time_header="X-Slack-Request-Timestamp",
)
