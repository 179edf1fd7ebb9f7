"""ChatGPT's plugin directory: an Agent Plugin with OpenAI's extension, and the file for its form.

https://developers.openai.com/plugins/deploy/submission.md, read 2026-11-21.
"""

from pgagents.submit.store import Store

STORE = Store(
    "ChatGPT's plugin directory",
    "openai-portal",
    ("read_only", "destructive", "open_world"),
    {
        "hint": "openai-portal/annotations_required",
        "case": "openai-portal/rule-test-case",
        "tools": "openai-portal/scan_required",
        "challenge": "openai-portal/domain_verification_required",
        "page": "openai-portal/rule-listing-url",
        "address": "openai-portal/rule-mcp-url",
    },
    ("website", "support", "privacy", "terms"),
    (
        "the portal's own scan of the tools",
        "the verified identity, and the attestations of the submission's form",
        "a reviewer's account that works at once, without a second factor, with sample data",
    ),
    hosted=True,
    keys=False,
    rules={"rule-raw-location": "openai/raw-location"},
    challenge="/.well-known/openai-apps-challenge",
)
