"""Say which `--auth SCHEME` would work for a server that asks for a key, and whose document declares none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pgagents.http import Response, Silence
from pgagents.text.brief import brief

USUAL = ("bearer", "basic", "header:X-API-Key", "query:token")
CHALLENGED = {"bearer": "bearer", "basic": "basic", "token": "header:Authorization:Token"}
"""Schemes of a WWW-Authenticate header (RFC 9110, 11.6.1), as `--auth` takes them."""
IN_AUTHORIZATION = "header:Authorization"
_SCHEME = re.compile(r"(?:\A|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s|,|\Z)")


def advise_word(answer: Response | Silence, described: Sequence[str]) -> str:
    """Return the option that puts a word before a key in `Authorization`, where it was refused alone."""
    told = (answer.header("WWW-Authenticate") or "") if isinstance(answer, Response) else ""
    words = [word for word in _SCHEME.findall(told[:500]) if word.lower() not in ("negotiate", "digest")]
    shown = [
        one.partition(f"{IN_AUTHORIZATION}:")[2] for one in described if one.startswith(IN_AUTHORIZATION)
    ]
    found = next(filter(None, (*words, *shown)), "")
    if not found:
        return f"if a word stands before the key there, add --auth {IN_AUTHORIZATION}:WORD"
    why = "as its answer says" if words else "as the document shows in words"
    scheme = found.lower() if found.lower() in ("bearer", "basic") else f"{IN_AUTHORIZATION}:{brief(found)}"
    return f"add --auth {scheme}, {why}"


def advise_scheme(answer: Response | Silence, described: Sequence[str]) -> str:
    """Return the options to add to the command, from the server's challenge or else from the document."""
    told = (answer.header("WWW-Authenticate") or "") if isinstance(answer, Response) else ""
    asked = [CHALLENGED[word] for word in map(str.lower, _SCHEME.findall(told[:500])) if word in CHALLENGED]
    if asked:
        found, why = asked, f"as its answer says (WWW-Authenticate: {brief(told)})"
    elif described:
        found, why = list(described[:4]), "as the document describes it"
    else:
        found, why = list(USUAL), "whichever the API takes"
    form = "user:password" if found[0] == "basic" else "…"
    chosen = " or ".join(f"--auth {brief(one)}" for one in dict.fromkeys(found))
    return f"export PGAGENTS_TOKEN={form} and add {chosen}, {why}"
