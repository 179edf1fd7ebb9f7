"""Searches: their query language, and the cursors of their pages."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

from ..planting import planted
from .errors import ApiError
from .storage import Customer

CLAUSE = r'(email|name)([:~])"([^"\\]{1,100})"'
QUERY = re.compile(f"{CLAUSE}(?: AND {CLAUSE})?")


def _fold(text: str) -> bytes:
    """Lower the ASCII letters only."""
    return text.encode().lower()


def _fits(value: str | None, operator: str, wanted: str) -> bool:
    """True if a value matches a clause; null matches nothing."""
    if value is None:
        return False
    found, part = _fold(value), _fold(wanted)
    return found == part if operator == ":" else part in found


def parse_query(text: str) -> Callable[[Customer], bool]:
    """Read a search query of one or two clauses."""
    match = QUERY.fullmatch(text)
    if not match:
        raise ApiError("query_invalid", "the query is not understood", "query")
    clauses = [clause for clause in (match.groups()[:3], match.groups()[3:]) if clause[0]]

    def matching(customer: Customer) -> bool:
        fits = (_fits(getattr(customer, member), operator, wanted) for member, operator, wanted in clauses)
        return any(fits) if planted("and-as-or") else all(fits)

    return matching


class Cursors:
    """Opaque cursors that only this server makes, each for one query of one account."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def _sign(self, position: int, account: str, query: str) -> bytes:
        if planted("cursor-of-another-query"):
            query = ""
        return hmac.digest(self._secret, f"{position}\0{account}\0{query}".encode(), hashlib.sha256)[:15]

    def make(self, position: int, account: str, query: str) -> str:
        """A cursor that goes on behind a position."""
        altchars = b"+/" if planted("cursor-with-plus") else b"-_"
        return base64.b64encode(
            position.to_bytes(6, "big") + self._sign(position, account, query), altchars
        ).decode()

    def read(self, cursor: str, account: str, query: str) -> int:
        """The position of a cursor."""
        try:
            altchars = b"+/" if planted("cursor-with-plus") else b"-_"
            raw = base64.b64decode(cursor, altchars=altchars, validate=True)
        except ValueError:
            raw = b""
        if not raw and planted("bad-cursor-500"):
            raise RuntimeError("the cursor cannot be decoded")
        position = int.from_bytes(raw[:6], "big")
        if len(raw) != 21 or not hmac.compare_digest(raw[6:], self._sign(position, account, query)):
            raise ApiError("cursor_invalid", "this page does not belong to this search", "page")
        return position
