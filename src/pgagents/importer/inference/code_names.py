"""Name the error codes of a document, and find the meaning of each in its description."""

from __future__ import annotations

from pgagents.importer.reading.names import is_name, one_line, snake

NAMES = {
    400: "BAD_REQUEST", 401: "UNAUTHORIZED", 402: "PAYMENT_REQUIRED", 403: "FORBIDDEN", 404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE", 408: "TIMEOUT", 409: "CONFLICT", 410: "GONE", 412: "PRECONDITION_FAILED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_TYPE", 422: "UNPROCESSABLE", 423: "LOCKED", 428: "PRECONDITION_REQUIRED",
    429: "RATE_LIMITED",
    451: "LEGAL_REASONS", 500: "INTERNAL", 501: "NOT_IMPLEMENTED", 502: "BAD_GATEWAY", 503: "UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}  # fmt: skip
_FILLING = frozenset(
    ("a", "an", "the", "is", "was", "are", "of", "to", "be", "this", "that", "in", "on", "for")
)


def name_code(status: int, code: str | int) -> str:
    """Return a name for a code whose value is missing or is no valid name."""
    words = snake(str(code).rpartition("/")[2]).upper() if isinstance(code, str) and code else ""
    usual = NAMES.get(status, f"STATUS_{status}")
    return (
        words
        if words and is_name(words)
        else f"{usual}_{code}".replace("-", "MINUS_")
        if code != ""
        else usual
    )


def read_meaning(description: str, code: str) -> str:
    """Return the description of one code: the part after `CODE:`, or the response's whole description."""
    text = one_line(description, 1000)
    if not code or f"{code}:" not in text:
        return text if not code or ":" not in text else ""
    after = text.partition(f"{code}:")[2]
    words = after.split()
    end = next(
        (
            n
            for n, word in enumerate(words)
            if n and word.endswith(":") and word[:-1].isupper() and is_name(word[:-1])
        ),
        len(words),
    )
    return " ".join(words[:end]).strip()


def extend_name(wish: str, meaning: str, action: str) -> str:
    """Return a code's name with words of its meaning, or with its action, to tell it from another code."""
    words = (
        [
            w.upper()
            for w in snake(meaning).split("_")
            if w not in _FILLING and w.upper() not in wish.split("_")
        ]
        if meaning
        else []
    )
    return "_".join([wish, *(words[:4] or ["OF", action.upper()])])[:60]
