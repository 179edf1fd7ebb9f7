"""A receipt as a page: facts, a QR code of its URL, and buttons for the simulated payment. No script, no
fields.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from pgagents.http import Response

_STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem 1rem; max-width: 34rem;
  background: Canvas; color: CanvasText }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 1rem }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1.5rem }
dt { font-weight: 600 }
dd { margin: 0; text-align: right; overflow-wrap: anywhere }
figure { margin: 0 0 1.5rem; text-align: center }
figure svg { width: 12rem; height: 12rem; max-width: 100%; border-radius: .5rem }
figcaption { font-size: .875rem }
fieldset { border: 1px solid GrayText; border-radius: .5rem; padding: 1rem; display: grid; gap: .75rem }
button { font: inherit; min-height: 2.75rem; padding: .5rem 1rem; border: 2px solid ButtonBorder;
  border-radius: .5rem; background: ButtonFace; color: ButtonText; cursor: pointer }
button:focus-visible { outline: 3px solid Highlight; outline-offset: 2px }
.told { border: 2px solid CanvasText; border-radius: .5rem; padding: .75rem 1rem; margin: 0 0 1.5rem }
p { margin: 0 0 .75rem }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        (
            f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
    ),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The content of a receipt: title, facts by label, URL, and the payment outcomes with their buttons'
    texts.
    """

    title: str
    facts: Mapping[str, str]
    url: str
    outcomes: Mapping[str, str]


def page(receipt: Receipt, told: str = "", status: int = 200) -> Response:
    """Return the page. `told` is a note about the last action, or about why it failed."""
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in receipt.facts.items()
    )
    buttons = "".join(
        f'<button name="outcome" value="{escape(outcome)}">{escape(text)}</button>\n'
        for outcome, text in receipt.outcomes.items()
    )
    note = (
        f'<p class="told" role="{"status" if status < 400 else "alert"}">{escape(told)}</p>\n' if told else ""
    )
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(receipt.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(receipt.title)}</h1>
{note}<dl>
{facts}</dl>
<figure>
{_code(receipt.url)}
<figcaption>Scan to open this receipt on a phone</figcaption>
</figure>
<form method="post">
<fieldset>
<legend>Simulated payment</legend>
<p>This is a sandbox: no card is charged, and none is asked for. Choose how the payment goes.</p>
{buttons}</fieldset>
</form>
</main>
</body>
</html>
"""
    return Response(status, _HEADERS, text.encode())


@lru_cache(256)
def _code(url: str) -> str:
    """Return the URL as a QR code in SVG.

    It is dark on light in every colour scheme, because cameras need that.
    """
    import segno

    drawn = segno.make(url, error="m", micro=False).svg_inline(
        scale=4, border=4, dark="#000", light="#fff", omitsize=True
    )
    return drawn.replace("<svg ", '<svg role="img" aria-label="QR code of this receipt\'s address" ', 1)
