"""Standard Webhooks, read 2026-11-21:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from pgagents.catalogue.model.credential import SignatureScheme

SCHEME = SignatureScheme(
    "standard_webhooks",
    "webhook-signature",
    "{id}.{time}.{body}",
    "",
    "v1,{mac}",
    r"v\d+a?,[A-Za-z0-9+/]+={0,2}(?: v\d+a?,[A-Za-z0-9+/]+={0,2})*",
    r"(?:^| )v1,([A-Za-z0-9+/]+={0,2})",
    "`v1,BASE64`: HMAC-SHA256 of `ID.SECONDS.BODY`, with id and seconds in webhook-id and webhook-timestamp",
    between=" ",
    encoding="base64",
    coded_secret=True,
    time_header="webhook-timestamp",
    id_header="webhook-id",
    redirect_refuses=True,
)
