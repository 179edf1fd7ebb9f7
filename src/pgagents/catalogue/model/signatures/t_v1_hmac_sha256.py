"""Stripe's format. https://docs.stripe.com/webhooks#verify-manually, read 2026-11-21."""

from __future__ import annotations

from pgagents.catalogue.model.credential import SignatureScheme

SCHEME = SignatureScheme(
    "t_v1_hmac_sha256",
    "Stripe-Signature",
    "{time}.{body}",
    "t={time},",
    "v1={mac}",
    r"t=(?P<time>\d{1,12})(?:,\s*\w+=[^,\s]*)*",
    r"(?<=[,\s])v1=([^,\s]*)",
    "`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY`",
    between=",",
)
